//! Just enough of Rust's grammar to see which paths a file names: words without comments and literals, paths with
//! their `{groups}` spread out, and what is compiled for tests only.

/// A path that the code names, e.g. `crate::money::Amount`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Its words; a glob ends in `*`.
    pub words: Vec<String>,
    /// 1-based.
    pub line: usize,
    /// Whether it stands in `#[cfg(test)]` code.
    pub in_test: bool,
    /// The inline modules around it.
    pub inline: Vec<String>,
}

/// A file, read.
#[derive(Debug, Default)]
pub struct Source {
    /// Every path of two words or more, and single words that are types (`f64`).
    pub paths: Vec<Path>,
    /// Lines outside of tests where a method of this name is called.
    pub calls: Vec<(String, usize)>,
    /// Modules in files of their own that are declared under `#[cfg(test)]`.
    pub test_modules: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    line: usize,
}

/// Reads a file.
pub fn read(text: &str) -> Source {
    let words = words(text);
    let mut reader =
        Reader { words: &words, at: 0, depth: 0, open: Vec::new(), pending: None, source: Source::default() };
    while reader.at < words.len() {
        reader.step();
    }
    reader.source
}

/// A brace that means something: an inline module, or the body of something under `#[cfg(test)]`.
struct Open {
    depth: usize,
    module: Option<String>,
    test: bool,
}

struct Reader<'a> {
    words: &'a [Word],
    at: usize,
    depth: usize,
    open: Vec<Open>,
    /// `#[cfg(test)]` was seen and its item has not begun; the depth it stands at.
    pending: Option<usize>,
    source: Source,
}

impl<'a> Reader<'a> {
    fn word(&self, at: usize) -> &'a str {
        self.words.get(at).map_or("", |word| word.text.as_str())
    }

    fn is(&self, at: usize, expected: &[&str]) -> bool {
        expected.iter().enumerate().all(|(index, text)| self.word(at + index) == *text)
    }

    fn in_test(&self) -> bool {
        self.pending.is_some() || self.open.iter().any(|open| open.test)
    }

    fn step(&mut self) {
        if self.is(self.at, &["#", "[", "cfg", "(", "test", ")", "]"]) {
            self.pending = Some(self.depth);
            self.at += 7;
        } else if self.word(self.at) == "mod" && is_name(self.word(self.at + 1)) {
            self.module();
        } else if is_name(self.word(self.at)) {
            self.path();
        } else {
            self.punctuation();
        }
    }

    fn module(&mut self) {
        let name = self.word(self.at + 1).to_owned();
        match self.word(self.at + 2) {
            "{" => self.enter(Some(name)),
            ";" if self.pending.take().is_some() => self.source.test_modules.push(name),
            _ => {}
        }
        self.at += 3;
    }

    fn enter(&mut self, module: Option<String>) {
        let test = self.pending == Some(self.depth);
        if test {
            self.pending = None;
        }
        if test || module.is_some() {
            self.open.push(Open { depth: self.depth, module, test });
        }
        self.depth += 1;
    }

    fn punctuation(&mut self) {
        match self.word(self.at) {
            "{" => self.enter(None),
            "}" => {
                self.depth = self.depth.saturating_sub(1);
                if self.open.last().is_some_and(|open| open.depth == self.depth) {
                    self.open.pop();
                }
            }
            ";" if self.pending == Some(self.depth) => self.pending = None,
            _ => {}
        }
        self.at += 1;
    }

    fn path(&mut self) {
        let (start, line) = (self.at, self.words[self.at].line);
        let is_call = self.at > 0 && self.word(self.at - 1) == "." && self.word(self.at + 1) == "(";
        if is_call && !self.in_test() {
            self.source.calls.push((self.word(start).to_owned(), line));
        }
        let mut found = Vec::new();
        self.tree(Vec::new(), &mut found);
        let in_test = self.in_test();
        let inline: Vec<String> = self.open.iter().filter_map(|open| open.module.clone()).collect();
        let paths = found.into_iter().map(|(words, line)| Path { words, line, in_test, inline: inline.clone() });
        self.source.paths.extend(paths);
    }

    /// One path from here, its groups spread out; leaves the position behind it.
    fn tree(&mut self, mut words: Vec<String>, found: &mut Vec<(Vec<String>, usize)>) {
        let line = self.words[self.at].line;
        loop {
            match self.word(self.at) {
                "{" => {
                    self.at += 1;
                    while !["}", ""].contains(&self.word(self.at)) {
                        if self.word(self.at) == "as" {
                            self.at += 2;
                        } else if is_name(self.word(self.at)) || ["{", "*"].contains(&self.word(self.at)) {
                            self.tree(words.clone(), found);
                        } else {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                text => words.push(text.to_owned()),
            }
            self.at += 1;
            let goes_on = is_name(self.word(self.at + 1)) || ["{", "*"].contains(&self.word(self.at + 1));
            if self.word(self.at) != "::" || !goes_on {
                found.push((words, line));
                return;
            }
            self.at += 1;
        }
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The words of a file: names and numbers, `::`, single punctuation marks. No comments, strings or lifetimes.
fn words(text: &str) -> Vec<Word> {
    let characters: Vec<char> = text.chars().collect();
    let (mut at, mut line, mut words) = (0, 1, Vec::new());
    while at < characters.len() {
        let end = end_of_token(&characters, at).max(at + 1);
        let token: String = characters[at..end].iter().collect();
        let skipped = token.starts_with("//") || token.starts_with("/*") || token.contains(['"', '\'']);
        if !skipped && !token.trim().is_empty() {
            words.push(Word { text: token.clone(), line });
        }
        line += token.matches('\n').count();
        at = end;
    }
    words
}

fn end_of_token(text: &[char], at: usize) -> usize {
    let next = |offset: usize| text.get(at + offset).copied().unwrap_or(' ');
    let word = |from: usize| (from..text.len()).find(|index| !is_word(text[*index])).unwrap_or(text.len());
    match (text[at], next(1)) {
        ('/', '/') => (at..text.len()).find(|index| text[*index] == '\n').unwrap_or(text.len()),
        ('/', '*') => end_of_comment(text, at),
        (':', ':') => at + 2,
        ('"', _) => end_of_string(text, at),
        ('\'', '\\') => (at + 3..text.len()).find(|index| text[*index] == '\'').map_or(text.len(), |end| end + 1),
        ('\'', _) if next(2) == '\'' => at + 3,
        ('\'', _) => word(at + 1),
        (first, _) if is_word(first) => {
            let end = word(at);
            let prefix: String = text[at..end].iter().collect();
            let literal = ["r", "b", "c", "br", "cr"].contains(&prefix.as_str());
            match text.get(end) {
                Some('"') if literal && prefix.contains('r') => end_of_raw(text, end).unwrap_or(end),
                Some('"') if literal => end_of_string(text, end),
                Some('#') if literal => end_of_raw(text, end).unwrap_or(end),
                Some('\'') if prefix == "b" => end_of_token(text, end),
                _ => end,
            }
        }
        _ => at + 1,
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn end_of_string(text: &[char], opening: usize) -> usize {
    let mut at = opening + 1;
    while at < text.len() && text[at] != '"' {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

/// The end of `##"…"##`; `None` for a raw name such as `r#type`.
fn end_of_raw(text: &[char], from: usize) -> Option<usize> {
    let hashes = text[from..].iter().take_while(|character| **character == '#').count();
    let opening = from + hashes;
    if text.get(opening) != Some(&'"') {
        return None;
    }
    let closes = |index: usize| {
        text[index] == '"' && text.get(index + 1..=index + hashes).is_some_and(|rest| rest.iter().all(|c| *c == '#'))
    };
    Some((opening + 1..text.len()).find(|index| closes(*index)).map_or(text.len(), |end| end + 1 + hashes))
}

fn end_of_comment(text: &[char], opening: usize) -> usize {
    let (mut at, mut depth) = (opening, 0_usize);
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            ('/', Some('*')) => (at, depth) = (at + 2, depth + 1),
            ('*', Some('/')) => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let paths = read(text).paths.into_iter().filter(|path| path.words.len() > 1);
        let shown: Vec<String> = paths
            .map(|path| format!("{}{}:{}", if path.in_test { "test " } else { "" }, path.words.join("::"), path.line))
            .collect();
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn paths_are_found_and_groups_spread_out() {
        check("use crate::a::B;", &["crate::a::B:1"]);
        check(
            "use crate::{a::{self, B as C}, d, e::*};\nfn f() { x::<crate::y::Z>(1) }",
            &["crate::a::self:1", "crate::a::B:1", "crate::d:1", "crate::e::*:1", "crate::y::Z:2"],
        );
        check("match x { A::B { c } => d::e(), _ => {} }", &["A::B:1", "d::e:1"]);
        check("a::b::<c::d>()", &["a::b:1", "c::d:1"]);
    }

    #[test]
    fn comments_and_literals_name_nothing() {
        check("// a::b\n/* c::d /* e::f */ g::h */ i::j", &["i::j:2"]);
        check("\"a::b \\\" c::d\" r#\"e::f \" g::h\"# b\"i::j\" br##\"k::l\"# m::n\"## 'o' '\\'' p::q", &["p::q:1"]);
        check("fn f<'a>(x: &'a a::B) -> r#type::C {}", &["a::B:1", "type::C:1"]);
        check("\"one\ntwo\"; a::b", &["a::b:2"]);
    }

    #[test]
    fn test_code_is_known_as_such() {
        check(
            "a::b; #[cfg(test)] mod tests { c::d; fn e() { f::g } }\nh::i",
            &["a::b:1", "test c::d:1", "test f::g:1", "h::i:2"],
        );
        check("#[cfg(test)] use a::b; c::d", &["test a::b:1", "c::d:1"]);
        check("#[cfg(test)] #[allow(x)] fn f() { a::b } c::d", &["test a::b:1", "c::d:1"]);
        assert_eq!(read("#[cfg(test)]\nmod tests;\nmod real;").test_modules, ["tests"]);
        assert_eq!(read("x.unwrap(); #[cfg(test)] mod t { y.unwrap(); }").calls, [("unwrap".to_owned(), 1)]);
    }
}
