//! Where the text of a record is: a column, or a path into the record, or several of them.
//!
//! A path is a column (a member of a JSON line's object) and steps from there, divided by dots: `a.b` is the
//! member `b` of `a`, `a[]` is each element of the list `a`. `messages[].content` is the contents of all
//! messages. A backslash takes the meaning from a dot, a bracket or a backslash in a name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The member of this name.
    Member(String),
    /// Each element of a list.
    Each,
}

/// A column and the steps from its value to a text, or to several where a step is [`Step::Each`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPath {
    /// The column, or the member of the line's object.
    pub column: String,
    /// The steps from its value to the text.
    pub steps: Vec<Step>,
}

/// All paths to the texts of a record, at least one; their texts together are the document, in this order.
///
/// In a configuration: one string, or a list of strings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "OneOrMany", into = "OneOrMany")]
pub struct TextPaths(Vec<TextPath>);

/// What is wrong with a path or a list of paths.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextPathError {
    /// A name or a step is empty or broken.
    #[error(
        "`{path}` is no path to a text: use a column, or steps such as `messages[].content`; write `\\.` for a dot in a name"
    )]
    Syntax {
        /// The path as given.
        path: String,
    },
    /// No path at all.
    #[error("there is no path to the text: name a column")]
    Empty,
    /// The same path twice.
    #[error("`{path}` is there twice: a text counts once")]
    Twice {
        /// The path.
        path: String,
    },
}

impl TextPath {
    /// A plain column of this name, whatever characters the name has.
    pub fn of_column(name: &str) -> TextPath {
        TextPath {
            column: name.to_owned(),
            steps: Vec::new(),
        }
    }

    /// True if no step leaves more than one text.
    pub fn is_single(&self) -> bool {
        !self.steps.contains(&Step::Each)
    }
}

impl TextPaths {
    /// Several paths.
    ///
    /// # Errors
    /// If there is none, or one twice.
    pub fn new(paths: Vec<TextPath>) -> Result<TextPaths, TextPathError> {
        if paths.is_empty() {
            return Err(TextPathError::Empty);
        }
        for (at, path) in paths.iter().enumerate() {
            if paths[..at].contains(path) {
                return Err(TextPathError::Twice {
                    path: path.to_string(),
                });
            }
        }
        Ok(TextPaths(paths))
    }

    /// A plain column.
    pub fn of_column(name: &str) -> TextPaths {
        TextPaths(vec![TextPath::of_column(name)])
    }

    /// The paths, at least one.
    pub fn paths(&self) -> &[TextPath] {
        &self.0
    }

    /// The column, where the text is a plain column.
    pub fn column(&self) -> Option<&str> {
        match self.0.as_slice() {
            [path] if path.steps.is_empty() => Some(&path.column),
            _ => None,
        }
    }

    /// True if any path begins in this column.
    pub fn begins_in(&self, column: &str) -> bool {
        self.0.iter().any(|path| path.column == column)
    }
}

impl Default for TextPaths {
    /// The column `text`.
    fn default() -> TextPaths {
        TextPaths::of_column("text")
    }
}

impl FromStr for TextPath {
    type Err = TextPathError;

    fn from_str(text: &str) -> Result<TextPath, TextPathError> {
        let fault = || TextPathError::Syntax {
            path: text.to_owned(),
        };
        let mut names = vec![String::new()];
        let mut steps: Vec<Option<Step>> = Vec::new();
        // A name is open until a dot; after `[]` only a dot, another `[]` or the end may come.
        let mut open = true;
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '.' => {
                    steps.push(None);
                    names.push(String::new());
                    open = true;
                }
                '[' => {
                    if letters.next() != Some(']') {
                        return Err(fault());
                    }
                    steps.push(Some(Step::Each));
                    open = false;
                }
                _ if !open => return Err(fault()),
                '\\' => {
                    let next = letters.next().ok_or_else(fault)?;
                    names.last_mut().ok_or_else(fault)?.push(next);
                }
                other => names.last_mut().ok_or_else(fault)?.push(other),
            }
        }
        if names.iter().any(String::is_empty) {
            return Err(fault());
        }
        let mut names = names.into_iter();
        let column = names.next().ok_or_else(fault)?;
        let steps = steps
            .into_iter()
            .map(|step| step.or_else(|| names.next().map(Step::Member)))
            .collect::<Option<Vec<Step>>>()
            .ok_or_else(fault)?;
        Ok(TextPath { column, steps })
    }
}

impl fmt::Display for TextPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = |name: &str| {
            let mut out = String::with_capacity(name.len());
            for letter in name.chars() {
                if matches!(letter, '.' | '[' | '\\') {
                    out.push('\\');
                }
                out.push(letter);
            }
            out
        };
        f.write_str(&escaped(&self.column))?;
        for step in &self.steps {
            match step {
                Step::Member(name) => write!(f, ".{}", escaped(name))?,
                Step::Each => f.write_str("[]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for TextPaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&shown.join(", "))
    }
}

/// The two forms of a configuration.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl TryFrom<OneOrMany> for TextPaths {
    type Error = TextPathError;

    fn try_from(form: OneOrMany) -> Result<TextPaths, TextPathError> {
        let texts = match form {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        };
        let paths: Result<Vec<TextPath>, _> = texts.iter().map(|text| text.parse()).collect();
        TextPaths::new(paths?)
    }
}

impl From<TextPaths> for OneOrMany {
    fn from(paths: TextPaths) -> OneOrMany {
        let mut texts: Vec<String> = paths.0.iter().map(ToString::to_string).collect();
        match texts.pop() {
            Some(one) if texts.is_empty() => OneOrMany::One(one),
            last => OneOrMany::Many(texts.into_iter().chain(last).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn member(name: &str) -> Step {
        Step::Member(name.to_owned())
    }

    #[test]
    fn paths_are_read_step_by_step() {
        let path = |text: &str| text.parse::<TextPath>();
        assert_eq!(path("text"), Ok(TextPath::of_column("text")));
        let messages = path("messages[].content").unwrap();
        assert_eq!(messages.column, "messages");
        assert_eq!(messages.steps, [Step::Each, member("content")]);
        assert!(!messages.is_single());
        let nested = path("a.b.c").unwrap();
        assert_eq!(nested.steps, [member("b"), member("c")]);
        assert!(nested.is_single());
        let deep = path("a[][].b[]").unwrap();
        assert_eq!(
            deep.steps,
            [Step::Each, Step::Each, member("b"), Step::Each]
        );
        assert_eq!(path(r"a\.b"), Ok(TextPath::of_column("a.b")));
        for broken in ["", ".a", "a.", "a..b", "[]", "a[0]", "a[", "a[]b", "a\\"] {
            assert!(path(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_path_counts_once() {
        let twice = vec![TextPath::of_column("a"), TextPath::of_column("a")];
        assert!(TextPaths::new(twice).is_err());
        assert_eq!(TextPaths::new(Vec::new()), Err(TextPathError::Empty));
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            r"[a-z.\[\]\\é]{1,5}".prop_map(Step::Member),
            Just(Step::Each)
        ]
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(
            column in r"[a-z.\[\]\\é]{1,5}",
            steps in proptest::collection::vec(step(), 0..5),
        ) {
            let path = TextPath { column, steps };
            prop_assert_eq!(path.to_string().parse::<TextPath>(), Ok(path));
        }
    }
}
