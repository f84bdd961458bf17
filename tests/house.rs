//! The house rules that a compiler does not hold: which folder of `src/` may use which, how long a
//! file may be, and what may not stand in the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The floors from top to bottom. A room uses rooms on floors below its own, and beside it only
/// those of [`BESIDE`].
const FLOORS: [&[&str]; 6] = [
    &["cli"],
    &["stage"],
    &["train", "study", "report", "provenance"],
    &["score", "edit", "mix", "shard"],
    &["text", "config"],
    &["document"],
];

/// The arrows inside a floor: a report tells of what provenance has counted.
const BESIDE: [(&str, &str); 1] = [("report", "provenance")];

/// Most lines of a file, and of the median file.
const MOST_LINES: usize = 600;
const MEDIAN_LINES: usize = 200;
/// Most lines of a function.
const MOST_FUNCTION_LINES: usize = 80;

struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// Path below `src/`, `/` between parts.
    fn name(&self) -> String {
        let below = self.path.strip_prefix(root()).expect("found below src/");
        below.to_string_lossy().replace('\\', "/")
    }

    /// The room: the first folder, or the file's own name.
    fn room(&self) -> String {
        let name = self.name();
        let first = name.split('/').next().unwrap_or_default();
        first.trim_end_matches(".rs").to_owned()
    }

    /// True for a file that only tests are in.
    fn is_tests(&self) -> bool {
        let name = self.name();
        name.contains("/tests/") || name.ends_with("tests.rs")
    }

    /// The text without comments, and without the module of unit tests at its end.
    fn code(&self) -> String {
        let mut code = String::new();
        let mut lines = self.text.lines().peekable();
        while let Some(line) = lines.next() {
            let inline = lines
                .peek()
                .is_some_and(|next| next.contains("mod tests {"));
            if line.trim() == "#[cfg(test)]" && inline {
                break;
            }
            let line = line.trim_start();
            if !line.starts_with("//") {
                code.push_str(line);
                code.push('\n');
            }
        }
        code
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let mut folders = vec![root()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src/ can be listed") {
            let path = entry.expect("src/ can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).expect("sources are text");
                found.push(Source { path, text });
            }
        }
    }
    assert!(found.len() > 100, "only {} files were found", found.len());
    found
}

/// The rooms that code names as `crate::ROOM` or in `crate::{ROOM.., ROOM..}`.
fn rooms_used(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => used.insert(word(rest)),
            Some(group) => {
                used.extend(members(group).map(word));
                true
            }
        };
    }
    used
}

fn word(text: &str) -> String {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    text[..end.unwrap_or(text.len())].to_owned()
}

/// The members of a `{..}` group whose opening brace is gone, those of inner groups left out.
fn members(group: &str) -> impl Iterator<Item = &str> {
    let mut depth = 1;
    let mut starts = vec![0];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => starts.push(at + 1),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    starts.into_iter().map(|at| group[at..].trim_start())
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

/// Every arrow between rooms, with the files that draw it; what only tests use does not count.
fn arrows() -> BTreeMap<(String, String), Vec<String>> {
    let mut arrows: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for source in sources() {
        let room = source.room();
        if source.is_tests() || floor(&room).is_none() {
            continue;
        }
        for used in rooms_used(&source.code()) {
            if used != room && floor(&used).is_some() {
                let files = arrows.entry((room.clone(), used)).or_default();
                files.push(source.name());
            }
        }
    }
    arrows
}

#[test]
fn every_room_has_a_floor() {
    let unknown: BTreeSet<String> = sources()
        .iter()
        .map(Source::room)
        .filter(|room| floor(room).is_none() && room != "lib" && room != "main")
        .collect();
    assert!(unknown.is_empty(), "rooms without a floor: {unknown:?}");
}

#[test]
fn arrows_run_down() {
    let arrows = arrows();
    assert!(arrows.contains_key(&("cli".to_owned(), "stage".to_owned())));
    for ((from, to), files) in arrows {
        let down = floor(&from) < floor(&to);
        let beside = BESIDE.contains(&(from.as_str(), to.as_str()));
        assert!(down || beside, "{from} uses {to} in {files:?}");
    }
}

#[test]
fn arrows_are_seen_however_they_are_written() {
    let code = "use crate::shard;\nuse crate::{document::Key, mix::{Plan, fate}, text};\nlet x = crate::edit::f();";
    let used: Vec<String> = rooms_used(code).into_iter().collect();
    assert_eq!(used, ["document", "edit", "mix", "shard", "text"]);
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let sources = sources();
    let mut lengths: Vec<usize> = Vec::new();
    for source in &sources {
        let lines = source.text.lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines", source.name());
        lengths.push(lines);
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= MEDIAN_LINES, "the median file has {median} lines");
}

/// Name and length of every function, as formatted code shows them: a body ends with a brace that
/// stands where its `fn` line begins.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let words: Vec<&str> = line.split_whitespace().take(4).collect();
        let Some(name) = words.iter().position(|word| *word == "fn") else {
            continue;
        };
        if words[0].starts_with("//") {
            continue;
        }
        let end = lines[at..]
            .iter()
            .position(|end| indent(end) == indent(line) && end.trim_end().ends_with(['}', ';']));
        let name = words.get(name + 1).copied().unwrap_or_default();
        found.push((name.to_owned(), end.map_or(0, |lines| lines + 1)));
    }
    found
}

#[test]
fn functions_are_short() {
    let mut count = 0;
    for source in sources().iter().filter(|source| !source.is_tests()) {
        for (name, lines) in functions(&source.text) {
            let most = MOST_FUNCTION_LINES;
            assert!(lines <= most, "{}: {name} has {lines}", source.name());
            count += 1;
        }
    }
    assert!(count > 500, "only {count} functions were found");
}

#[test]
fn every_file_says_what_it_is_for() {
    for source in sources() {
        assert!(source.text.starts_with("//! "), "{}", source.name());
    }
}

#[test]
fn unsafe_code_has_no_place() {
    for source in sources() {
        let code = source.code();
        let is_unsafe = code.contains("unsafe {") || code.contains("unsafe fn");
        assert!(!is_unsafe, "{}", source.name());
    }
}

#[test]
fn no_decision_looks_at_a_clock() {
    for source in sources().iter().filter(|source| !source.is_tests()) {
        let code = source.code();
        let asks =
            code.contains("SystemTime") || code.contains("Instant") || code.contains(".modified()");
        // Only what people are shown may tell the time.
        assert!(
            !asks || source.name() == "cli/progress.rs",
            "{}",
            source.name()
        );
    }
}

#[test]
fn nothing_is_unwrapped_outside_tests() {
    for source in sources().iter().filter(|source| !source.is_tests()) {
        assert!(!source.code().contains(".unwrap()"), "{}", source.name());
    }
}
