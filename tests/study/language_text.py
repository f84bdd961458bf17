"""Makes the labelled text that `tamis train language` learns from: JSONL with `text`, `lang`, `group`.

    python language_text.py fetch DEBS            # apt-get download of translated packages (Debian 12)
    python language_text.py rows DEBS SHARDS.. > rows.jsonl
    tamis train language rows.jsonl --group group --out models/language.bin

DEBS is a folder of packages. SHARDS are labelled shards (.jsonl.zst or .parquet) with the fields text, label, lang,
source_repo and domain; human rows are taken, those of the domain `udhr` with the file name of NLTK's UDHR corpus as
lang. A group is a source: a package or a repository, a language of its own where it is to be answered null (`mis`),
a sort of file where there is none (`zxx`). Needs pyarrow and zstandard; dpkg-deb, and apt-get for `fetch`.
"""
import base64, collections, glob, gzip, hashlib, html, io, json, os, random, re, struct, subprocess, sys, tarfile

KNOWN = set("""af ak am ar as ast az be bg bn bo br ca ckb cs cy da de dv dz el en eo es et eu fa fi fr fy ga gd gl gu ha he hi
hr hu hy id ig is it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms mt my nb ne nl nn oc or pa pl ps pt ro ru rw si sk
sl sn so sq sr sv sw ta te tg th ti tk tl tr tt ug uk ur uz vi xh yi yo zh zu""".split())
# Not to be told from a language that is known (bs), made up, or of doubtful text.
LEFT_OUT = set("bs racv ang mo cmn aa nan jbo tlh tpi mni x-bos_latn x-bos_cyrl x-007 x-008".split())
NOT_LATIN = set("am ar as be bg bn bo ckb dz el fa gu he hi hy ja ka kk km kn ko ky lo mai mk ml mn mr my ne or pa ps ru sa sd si "
                "ta te tg th ti tt ug uk ur yi zh".split())
# Codes of translations that are not the language's own; None leaves them out.
LOCALES = {"no": "nb", "kmr": "ku", "iw": "he", "in": "id", "fil": "tl", "ku_IQ": "ckb", "C": "en", "twi": "ak"} | dict.fromkeys(
    "be@latin tt@iqtelif en@shaw kok@latin nan nan@latin nan_TW@latin ks@devanagari sd@devanagari sat@olchiki sa@Deva az_IR qtz "
    "qut de@hebrew en@boldquot en@quot en@arabic en@cyrillic en@greek en@hebrew en@piglatin shs ber zam mni@beng mni@bengali "
    "mni@meiteimayek brx dgo sat kok@roman x-test tok".split())
# Files of the UDHR by ISO 639-3, with a variant behind `_`.
UDHR = dict(pair.split(":") for pair in """afr:af als:sq amh:am arb:ar azj_latn:az bel:be ben:bn bul:bg cat:ca ces:cs cym:cy
dan:da deu_1996:de deu_1901:de ell_monotonic:el ell_polytonic:el eng:en epo:eo est:et eus:eu fin:fi fra:fr gle:ga glg:gl gla:gd
guj:gu hau_NG:ha hau_NE:ha heb:he hin:hi hrv:hr hun:hu hye:hy ind:id isl:is ita:it jav:jv jpn:ja kan:kn kat:ka kaz:kk khm:km
khk:mn kor:ko kir:ky lao:lo lat:la lat_1:la lit:lt lav:lv lvs:lv mal:ml mar:mr mkd:mk mlt:mt mya:my mly_latn:ms zlm_latn:ms nep:ne
nld:nl nob:nb nno:nn oci:oc ori:or ory:or pan:pa pbu:ps pbt:ps pes_1:fa pes_2:fa prs:fa prs_1:fa prs_2:fa pol:pl por_BR:pt
por_PT:pt ron_1993:ro ron_1953:ro ron_2006:ro rus:ru sin:si slk:sk slv:sl sna:sn som:so spa:es srp_latn:sr srp_cyrl:sr swe:sv
swh:sw swa:sw tam:ta tel:te tgl:tl tgk:tg tha:th tha2:th tir:ti tuk_latn:tk tur:tr twi:ak aka_akuapem:ak aka_asante:ak
tw_akuapem:ak tw_asante:ak uig_arab:ug ukr:uk urd:ur urd_2:ur uzn_latn:uz uzn_cyrl:uz vie:vi xho:xh ydd:yi yor:yo zul:zu
cmn_hans:zh cmn_hant:zh kmr:ku kurmanji:ku mlg:mg plt:mg ibo:ig bod:bo dzo:dz tat:tt bre:br fry:fy kin:rw ckb:ckb
div:dv""".split())
ENGLISH = set("the of and is this you with for are that from to be".split())
SOURCES = """wesnoth libreoffice gnome-user:gnome-help mate-user:mate-help vlc tuxpaint pidgin gnucash minetest audacity filezilla
claws synaptic bash util-linux cinnamon abiword""".split()
INSTALLER = """netcfg partman-base partman-auto partman-crypto partman-lvm partman-md partman-partitioning partman-target
partman-basicfilesystems partman-iscsi partman-auto-lvm partman-auto-crypto partman-efi partman-ext3 partman-jfs partman-btrfs
choose-mirror apt-setup-udeb apt-mirror-setup clock-setup user-setup-udeb hw-detect disk-detect grub-installer base-installer
bootstrap-base tzsetup-udeb network-console rescue-mode save-logs cdrom-detect iso-scan localechooser main-menu anna cdebconf-udeb
load-media finish-install pkgsel popularity-contest debconf tasksel exim4-config""".split()
PACKAGES = """gnome-user-docs tuxpaint libglib2.0-data gnumeric-common vlc-l10n cinnamon-l10n pidgin-data gnome-control-center-data
mate-user-guide evolution-common audacity-data filezilla-common minetest-data epiphany-browser-data rhythmbox-data nautilus-data
gnucash-common libgtk-3-common abiword-common synaptic claws-mail-i18n bash util-linux-locales wesnoth-1.16-data""".split()
OFFICE = """eu ga is gl kk mn ug kmr tg af am ar as ast be bg bn br ca cs cy da de dz el eo es et fa fi fr gd gu gug he hi hr hu id
it ja ka km kn ko lt lv mk ml mr nb ne nl nn nso oc om or pa-in pl pt pt-br ro ru rw si sk sl sr st sv szl ta te th tn tr ts uk uz
ve vi xh zh-cn zh-tw zu""".split()
SOURCE_BYTES = 250_000  # of a language in a package, before the rows are capped
ROWS = 110  # of a language in a group


def fetch(folder):
    """Downloads the packages; those that the mirror lacks are passed over. `apt-get update` with
    `main/debian-installer` and the languages of KNOWN in Acquire::Languages comes first."""
    for name in INSTALLER + PACKAGES + [f"libreoffice-l10n-{lang}" for lang in OFFICE]:
        subprocess.run(["apt-get", "download", "-qq", name], cwd=folder)


def locale_language(name):
    if name in LOCALES:
        return LOCALES[name]
    base = re.split(r"[_.@-]", name)[0]
    return LOCALES.get(base, base)


def source_of(package, installer):
    if installer:
        return "debian-installer"
    for source in SOURCES:
        prefix, _, name = source.partition(":")
        if package.startswith(prefix):
            return name or prefix
    return "gnome"


def clean(text):
    tag = r"<[^<>]{0,300}>"
    text = re.sub(tag, " ", html.unescape(re.sub(tag, " ", text)))
    marks = r"%\d*\$?[-+ 0-9.]*l*[a-zA-Z]|\$\{?\w+\}?|\{\w*\}|\\[nt]|~(?=\w)|[_&](?=\w)|(?<=\w)[_&]"
    return " ".join(re.sub(marks, lambda m: "" if m.group()[0] in "_&~" else " ", text).split())


def is_prose(text, lang):
    letters = sum(c.isalpha() for c in text)
    if letters < 12 or letters < 0.5 * len(text):
        return False
    return lang not in NOT_LATIN or sum(c.isascii() and c.isalpha() for c in text) <= 0.25 * letters


def is_english(text):
    words = re.findall("[a-z]+", text.lower())
    return len(words) >= 20 and sum(word in ENGLISH for word in words) > 0.05 * len(words)


def catalogue(data):
    """Messages of a .mo file with their translations."""
    order = "<" if data[:4] == b"\xde\x12\x04\x95" else ">"
    if len(data) < 20:
        return
    count, keys, values = struct.unpack(order + "8x3I", data[:20])
    for i in range(count):
        (a, b), (c, d) = (struct.unpack_from(order + "2I", data, at + 8 * i) for at in (keys, values))
        try:
            key = data[b : b + a].split(b"\0")[0].split(b"\4")[-1].decode()
            if key:
                yield key, data[d : d + c].split(b"\0")[0].decode()
        except UnicodeDecodeError:
            pass


def page(data):
    """Paragraphs of a help page."""
    skipped = r"(?s)<(code|cmd|info|license|credit|media|input|output|screen|programlisting)\b.*?</\1>"
    text = re.sub(skipped, " ", data.decode(errors="replace"))
    return [clean(block) for block in re.split(r"</(?:p|title|para|desc)>", text)]


class Strings:
    """Strings of packages by language and source."""

    def __init__(self):
        self.found = collections.defaultdict(dict)

    def add(self, locale, source, text, original=None):
        lang, text = locale_language(locale), clean(text)
        untranslated = original is not None and clean(original) == text and lang != "en"
        if lang and not untranslated and is_prose(text, lang):
            self.found[lang, source].setdefault(text)

    def templates(self, path):
        shown = subprocess.run(["dpkg-deb", "-I", path, "templates"], capture_output=True)
        locale, lines, original = None, [], ""
        for line in shown.stdout.decode(errors="replace").split("\n") + [""]:
            if line.startswith(" ") and locale:
                lines.append("" if line.strip() == "." else line.strip())
                continue
            if locale:
                self.add(locale, "debian-installer", " ".join(lines[1:] + lines[:1]), original if locale != "en" else None)
            match = re.match(r"(?:Extended_d|D)escription(?:-([\w@.]+?)\.UTF-8)?: (.*)", line)
            locale, lines = (match.group(1) or "en", [match.group(2)]) if match else (None, [])

    def package(self, path):
        name = os.path.basename(path).split("_")[0]
        installer = path.endswith(".udeb") or name in INSTALLER
        source = source_of(name, installer)
        if installer:
            return self.templates(path)
        pages = collections.defaultdict(dict)
        tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE).stdout
        with tarfile.open(fileobj=io.BytesIO(tar)) as files:
            for member in files:
                locale = re.search(r"/([^/]+)/LC_MESSAGES/[^/]+\.mo$", member.name)
                help_page = re.search(r"/share/help/([^/]+)/(.+\.(?:page|docbook|xml))$", member.name)
                if not member.isfile() or not (locale or help_page):
                    continue
                data = files.extractfile(member).read()
                if locale:
                    for original, text in catalogue(data):
                        self.add(locale.group(1), source, text, original)
                else:
                    pages[help_page.group(1)][help_page.group(2)] = page(data)
        english = {block for blocks in pages["C"].values() for block in blocks}
        for locale, blocks in sorted(pages.items()):
            for block in (block for name in sorted(blocks) for block in blocks[name]):
                if locale == "C" or block not in english:
                    self.add(locale, source if source.endswith("help") else "gnome-help", block)

    def descriptions(self, path):
        """Translated descriptions of packages, as apt keeps them."""
        locale = path.split("Translation-")[1].replace("%5f", "_")
        with open(path, encoding="utf-8", errors="replace") as lines:
            blocks = re.findall(r"^Description-(?!md5)\S+:[^\n]*\n((?: [^\n]*\n?)+)", lines.read(), re.M)
        for block in blocks[6::7] if os.path.getsize(path) > 2e6 else blocks:
            self.add(locale, "package-descriptions", " ".join(line.strip(" .") for line in block.split("\n")))

    def rows(self):
        for (lang, source), strings in sorted(self.found.items()):
            pieces, piece = [], []
            for text in strings:
                piece.append(text)
                if sum(map(len, piece)) > 900:
                    pieces.append(" ".join(piece))
                    piece = []
            if sum(map(len, piece)) > 150:
                pieces.append(" ".join(piece))
            total = 0
            for text in sorted(pieces, key=lambda text: hashlib.md5(text.encode()).digest()):
                if total > SOURCE_BYTES:
                    break
                total += len(text.encode())
                yield text[:4000], lang, source


def documents(path):
    import pyarrow.parquet
    import zstandard

    if path.endswith(".parquet"):
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches():
            yield from batch.to_pylist()
    else:
        with open(path, "rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as raw:
            yield from map(json.loads, io.TextIOWrapper(raw, encoding="utf-8"))


def declaration(text, name):
    """Pieces of a declaration of human rights; every fifth is a group of its own."""
    lang, piece, count = UDHR.get(name, "x-" + name), "", 0
    paragraphs = [p + " " for p in re.split(r"\n\s*\n|\n", text)]
    for i, paragraph in enumerate(paragraphs):
        piece += paragraph
        if len(piece) > 600 or (i + 1 == len(paragraphs) and len(piece) > 100):
            yield piece, lang, "udhr-held" if count % 5 == 4 else "udhr"
            piece, count = "", count + 1


def shard_rows(paths):
    size = collections.Counter()
    for path in paths:
        for row in documents(path):
            text, source = row["text"], row["source_repo"]
            if row["label"] != "human":
                continue
            if row["domain"] == "udhr":
                yield from declaration(text, row["lang"])
                continue
            lang = {"no": "nb", "cmn": "zh"}.get(row["lang"], row["lang"])
            for start in range(0, min(len(text), 12_000), 1_500):
                piece = text[start : start + 1_500]
                if size[lang, source] > 300_000 or (start and len(piece) < 150):
                    break
                size[lang, source] += len(piece.encode())
                yield piece, lang, source


def no_language():
    """Code from this machine without its comments, and what looks like letters."""
    folders = ["/usr/lib/python3*/**/*.py", "/usr/include/**/*.h", sys.prefix + "/lib/python3*/**/*.py"]
    folders += [f"/usr/share/**/*.{end}" for end in ("js", "css", "pm")]
    files = {path for pattern in folders for path in glob.glob(pattern, recursive=True)}
    taken = collections.Counter()
    for path in sorted(files, key=lambda path: hashlib.md5(path.encode()).digest()):
        end = path.rsplit(".", 1)[1]
        try:
            text = open(path, encoding="utf-8").read()
        except (UnicodeDecodeError, OSError):
            continue
        lines = [line for line in text[1500:].split("\n") if not re.match(r'\s*(#|//|\*|/\*|""")', line) and len(line.strip()) > 2]
        code = "\n".join(x for x in lines if sum(not (c.isalpha() or c == " ") for c in x) > 0.12 * len(x))[:1200]
        if len(text) >= 4000 and len(code) >= 400 and taken[end] < 250:
            taken[end] += 1
            yield code, "zxx", "code " + end
    draw = random.Random(1)
    for _ in range(150):
        data = draw.randbytes(700)
        letters = "abcdefghijklmnopqrstuvwxyz"
        yield base64.b64encode(data).decode(), "zxx", "base64"
        yield data.hex(), "zxx", "hex"
        yield " ".join("".join(draw.choices(letters, k=draw.randint(2, 12))) for _ in range(100)), "zxx", "random letters"
        yield " ".join("".join(draw.choices("ACGT", k=60)) for _ in range(12)), "zxx", "bases"


def main(folder, shards):
    strings = Strings()
    for path in sorted(glob.glob(f"{folder}/*deb")):
        strings.package(path)
    for path in sorted(glob.glob(f"{folder}/*Translation-*")):
        strings.descriptions(path)
    taken = collections.Counter()
    for rows in (shard_rows(shards), strings.rows(), no_language()):
        for text, lang, group in rows:
            if lang in LEFT_OUT or (lang, group) == ("fy", "vlc") or (lang not in ("en", "zxx") and is_english(text)):
                continue
            if lang not in KNOWN and lang != "zxx":
                lang, group = "mis", "mis " + lang.removeprefix("x-")
            taken[lang, group] += 1
            if lang == "zxx" or taken[lang, group] <= ROWS:
                print(json.dumps({"text": text, "lang": lang, "group": group}, ensure_ascii=False))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fetch", folder]:
            fetch(folder)
        case ["rows", folder, *shards]:
            main(folder, shards)
        case _:
            sys.exit(__doc__)
