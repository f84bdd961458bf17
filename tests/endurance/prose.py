"""English-looking prose from a seed, for scripts that need many texts: plain common words, made fast.

The words are common enough for a language identifier to say English, and for the embedded prior to know
what follows what, so that such texts can be edited.
"""

import random

WORDS = (
    "the of and to in a is that it was for on are as with his they at be this from have or by one had not but "
    "what all were when we there can an your which their said if do will each about how up out them then she "
    "many some so these would other into has more her two like him see time could no make than first been its "
    "who now people my made over did down only way find use may water long little very after words called just "
    "where most know house world school still learn should between never city tree left might close night seem "
    "hard open example begin life always paper together children important until mile river car feet care second"
).split()


class Prose:
    """Texts that depend on the seed alone."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.sentences = [self._sentence() for _ in range(3000)]

    def _sentence(self):
        words = self.random.choices(WORDS, k=self.random.randint(5, 20))
        return " ".join(words).capitalize() + "."

    def text(self, size):
        """A text of `size` bytes, the last sentence cut short."""
        parts, made = [], 0
        while made < size:
            some = self.random.choices(self.sentences, k=(size - made) // 70 + 1)
            parts += some
            made += sum(map(len, some)) + len(some)
        return " ".join(parts)[:size]
