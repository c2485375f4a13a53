//! Reads one JSON object, as a line of a recording has it. What is nested stays text.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// The members of an object, in their order.
#[derive(Debug)]
pub(super) struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

#[derive(Debug)]
enum Value<'a> {
    Text(Cow<'a, str>),
    /// A number, `true`, `false`, `null`, an object or an array, as it is written.
    Other(&'a str),
}

impl<'a> Object<'a> {
    /// The object that `text` is; `None` where it is not one, or not a whole one.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut scanner = Scanner(text.trim_ascii());
        let mut members = Vec::new();
        scanner.take('{')?;
        if scanner.take('}').is_none() {
            loop {
                let name = scanner.string()?;
                scanner.take(':')?;
                members.push((name, scanner.value()?));
                if scanner.take(',').is_none() {
                    break;
                }
            }
            scanner.take('}')?;
        }
        scanner.0.is_empty().then_some(Self(members))
    }

    /// The member that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(text) => Some(text),
            Value::Other(_) => None,
        }
    }

    /// The member that is something else than a text, as it is written.
    pub(super) fn other(&self, name: &str) -> Option<&'a str> {
        match self.get(name)? {
            Value::Other(text) => Some(text),
            Value::Text(_) => None,
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The names of the members.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find_map(|(known, value)| (known == name).then_some(value))
    }
}

/// What is left of the line.
struct Scanner<'a>(&'a str);

impl<'a> Scanner<'a> {
    /// Takes a punctuation mark and the white space on both sides of it.
    fn take(&mut self, mark: char) -> Option<()> {
        self.0 = self.0.trim_ascii_start().strip_prefix(mark)?.trim_ascii_start();
        Some(())
    }

    fn value(&mut self) -> Option<Value<'a>> {
        if self.0.starts_with('"') {
            return self.string().map(Value::Text);
        }
        let end = self.end_of_value()?;
        let (value, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        let value = value.trim_ascii_end();
        (!value.is_empty()).then_some(Value::Other(value))
    }

    /// Where the value at the front ends: before the comma or bracket that belongs to what is around it.
    fn end_of_value(&self) -> Option<usize> {
        let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
        for (index, byte) in self.0.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_text => escaped = true,
                b'"' => in_text = !in_text,
                _ if in_text => {}
                b'{' | b'[' => depth = depth.saturating_add(1),
                b',' if depth == 0 => return Some(index),
                b'}' | b']' if depth == 0 => return Some(index),
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        None
    }

    /// Takes a string; without a copy where nothing in it is escaped.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.0 = self.0.strip_prefix('"')?;
        let mut owned: Option<String> = None;
        loop {
            let (plain, rest) = self.0.split_at_checked(self.0.find(['"', '\\'])?)?;
            if let Some(rest) = rest.strip_prefix('"') {
                self.0 = rest;
                let Some(mut text) = owned else { return Some(Cow::Borrowed(plain)) };
                text.push_str(plain);
                return Some(Cow::Owned(text));
            }
            self.0 = rest.strip_prefix('\\')?;
            let text = owned.get_or_insert_default();
            text.push_str(plain);
            text.push(self.escape()?);
        }
    }

    /// The character that the escape sequence behind a backslash stands for.
    fn escape(&mut self) -> Option<char> {
        let mut chars = self.0.chars();
        let sign = chars.next()?;
        self.0 = chars.as_str();
        Some(match sign {
            '"' | '\\' | '/' => sign,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => self.unicode()?,
            _ => return None,
        })
    }

    fn unicode(&mut self) -> Option<char> {
        let first = self.code_unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(u32::from(first));
        }
        self.0 = self.0.strip_prefix("\\u")?;
        let second = self.code_unit()?;
        char::decode_utf16([first, second]).next()?.ok()
    }

    fn code_unit(&mut self) -> Option<u16> {
        let (digits, rest) = self.0.split_at_checked(4)?;
        self.0 = rest;
        u16::from_str_radix(digits, 16).ok()
    }
}
