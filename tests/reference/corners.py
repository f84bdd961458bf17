"""Texts at the corners of Unicode and of the definitions, and texts that every reader parts alike."""

import re

WORD = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor"
CORNERS = [
    "", " ", "\n", "\n\n\n", "\t \n \t", "\r\n", "\u3000\u00a0\u2003", "\ufeff", "a", "a\n", "\na", "\n\na\n\n", "\na\n\nb\n",
    "no line end", "one\ntwo\none\n", "one\n\none\n\n\none", "one\r\ntwo\r\none\r\n", "one\r\n\r\none\r\n\r\ntwo", "one\rtwo\rone",
    "a\u2028b\u2028a", "a\u2029\u2029b\u2029\u2029a", "a\u0085b\u0085a", "a\x0bb\x0cc\x1cd\x1de\x1ef\x1fg", "nbsp\u00a0joins\u00a0nothing\u202fhere",
    "zero\u200bwidth\u200cjoin\u200ders \u2060word", "\ufeffbom at the start", "bom\ufeffinside \ufeff alone",
    "👩\u200d👩\u200d👧\u200d👦 👍🏽 🇫🇷 👩\u200d👩\u200d👧\u200d👦 👍🏽 🇫🇷", "e\u0301te\u0301 été e\u0301te\u0301", "İstanbul ıssız ẞ ß ǅ ſ", "ΟΔΟΣ οδος οδός",
    "ὈΔΥΣΣΕΎΣ ὀδυσσεύς", "ﬁﬂ ﬃ ﬁﬂ ﬃ", "① ② Ⅳ ⓐ ª º ½ ² 〇 一", "１ １ １ 2", "...", "... ...\n...", "…", "……\n…", "....\n.....\n......", "a...b... c....",
    "# # #\n## x ###", "#hash #tag ##", "- a\n-b\n • c\n\u2028• d\n* e\n– f", "-\n-\n•", "• one…\n• two...\n• three",
    "only, punctuation: no.\n!!! ??? ;;; --- \"\"\" '''", "!!! ???", "( ) [ ] { } « » “ ” „ ‘ ’", "\x01 \x02\x03 a\x04b", "\x7f\x80\u0081 \u009f",
    "Ends with a quote.\"\nEnds with a stop.\nEnds with space. \nEnds。\nEnds！\nEnds？\nक्या यह ठीक है।\nهل هذا صحيح؟\nԱյո։\nខ្ញុំ។",
    "the be to of and that have with", "The Be TO of, and. 'that' have; with", "the\tbe\nto\u00a0of",
    "我们的一天。我们的一天。我们的一天。", "今天 天气 很好 今天 天气 很好 今天 天气 很好", "これはペンです。\nこれはペンです。\nあれは本です。",
    "ภาษาไทยไม่มีช่องว่าง ภาษาไทยไม่มีช่องว่าง", "ສະບາຍດີ ມື້ນີ້ ສະບາຍດີ", "ភាសាខ្មែរ ភាសាខ្មែរ", "မြန်မာ မြန်မာ ဘာသာ", "नमस्ते दुनिया नमस्ते दुनिया।",
    "مرحبا بالعالم، مرحبا بالعالم؟ \u0640\u0640", "שָׁלוֹם עוֹלָם שָׁלוֹם", "안녕하세요 세계 안녕하세요 세계", "한글 \u1112\u1161\u11ab\u1100\u1173\u11af 한글",
    "mixed Кириллица 漢字 ไทย عربى हिन्दी mixed Кириллица 漢字 ไทย عربى हिन्दी", "𐍈𐌰𐌿𐌹 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟘𝟙 𐍈𐌰𐌿𐌹 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "ab c d e f a bc d e f ab c d e f", "a a a a a a a a a a a a", "aa a aa a aaa aa a aa a aaa", "a b " * 40, "x" * 3000, ("x" * 29 + "\n") * 3 + ("y" * 30 + "\n") * 2 + "z" * 31,
    ("é" * 30 + "\n") * 2 + "é" * 31 + "\n", "a\n \na\n\t\n \na", "line\n" * 50, "para\n\n" * 50, "one line\n\n\n\n" * 9 + "another", WORD, f"{WORD}\n" * 12, f"{WORD}. " * 20,
    " ".join(f"w{n}" for n in range(300)), " ".join(f"w{n % 97}" for n in range(400)), " ".join(f"w{n % 18 if n % 25 < 18 else n % 7}" for n in range(200)),
    " ".join(["a"] * 100), " ".join(f"v{n}" for n in range(41)), " ".join(f"v{n}" for n in range(42)), " ".join(f"v{n % 9}" for n in range(49)),
    " ".join(f"v{n % 9}" for n in range(50)), " ".join(f"v{n}" for n in range(99)), " ".join(f"v{n}" for n in range(100)), " ".join(f"v{n // 2}" for n in range(101)),
    "a\0b \0 c", "tab\tseparated\tvalues\ttab\tseparated\tvalues", "\U0010ffff \ue000 \ue000", "word\u00ad\u00adsoft hy\u00adphen", "don't don’t well-known 3.14 3,14",
]

# Scripts in which tamis counts a character (or cluster) as a word.
ALONE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\uaa60-\uaa7f\u3005\u3007\u303b\u3041-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9d"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)


def plain(text):
    """The lines of a text as lower-case words between single spaces, which tamis and `str.split` part alike.

    Words end in `q` and have no other, or are one character: so words run together are told apart too.
    """
    lines = []
    for line in text.lower().replace("ς", "σ").split("\n"):
        words = []
        for run in re.findall(r"[^\W_]+", line.replace("\uff9e", "").replace("\uff9f", "")):
            for part in ALONE.sub(lambda found: f" {found.group()} ", run).split():
                words.append(part if ALONE.fullmatch(part) else part.replace("q", "k") + "q")
        lines.append(" ".join(words))
    return "\n".join(lines).strip("\n")
