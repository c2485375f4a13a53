use crate::hex;
use bytes::Bytes;
use serde_json::Value;

/// One line of a file of vectors. What it lacks is a panic that names file and line.
#[derive(Clone, Debug)]
pub struct Line {
    file: String,
    number: usize,
    value: Value,
    long_payload: Option<Bytes>,
}

/// One value in a line, and where it is. What it lacks is a panic that says so.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    value: &'a Value,
    place: String,
}

impl Line {
    pub(super) fn new(file: &str, number: usize, value: Value, long_payload: Option<Vec<u8>>) -> Self {
        Self { file: file.to_owned(), number, value, long_payload: long_payload.map(Bytes::from) }
    }

    /// Name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Number of the line, from 1.
    pub fn number(&self) -> usize {
        self.number
    }

    /// File and number, to begin the message of an assertion with.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.number)
    }

    /// The line as an object.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The line as a node.
    pub fn root(&self) -> Node<'_> {
        Node { value: &self.value, place: self.place() }
    }

    /// The payload: `payload_hex`, or the file that `payload_bin` names.
    #[track_caller]
    pub fn payload(&self) -> Vec<u8> {
        match &self.long_payload {
            Some(payload) => payload.to_vec(),
            None => self.bytes("payload_hex"),
        }
    }

    /// The frame: `frame_hex`, or `frame_header_hex` and the payload.
    #[track_caller]
    pub fn frame(&self) -> Vec<u8> {
        if self.has("frame_hex") {
            return self.bytes("frame_hex");
        }
        let mut frame = self.bytes("frame_header_hex");
        frame.extend(self.payload());
        frame
    }

    /// What `fields` holds.
    #[track_caller]
    pub fn fields(&self) -> Node<'_> {
        self.at("fields")
    }

    /// Whether there is such a key, and not `null`.
    pub fn has(&self, key: &str) -> bool {
        self.root().has(key)
    }

    /// The value of `key`, unless it is missing or `null`.
    pub fn get(&self, key: &str) -> Option<Node<'_>> {
        self.root().get(key)
    }

    /// The value of `key`.
    #[track_caller]
    pub fn at(&self, key: &str) -> Node<'_> {
        self.root().at(key)
    }

    /// The elements of the list at `key`; none if it is `null`.
    #[track_caller]
    pub fn list(&self, key: &str) -> Vec<Node<'_>> {
        self.root().list(key)
    }

    /// The integer at `key`, of any type that can hold it.
    #[track_caller]
    pub fn int<T: TryFrom<i128>>(&self, key: &str) -> T {
        self.root().int(key)
    }

    /// The integer at `key`.
    #[track_caller]
    pub fn u64(&self, key: &str) -> u64 {
        self.int(key)
    }

    /// The truth value at `key`.
    #[track_caller]
    pub fn bool(&self, key: &str) -> bool {
        self.root().bool(key)
    }

    /// The text at `key`.
    #[track_caller]
    pub fn str(&self, key: &str) -> &str {
        self.at(key).as_str()
    }

    /// The bytes that the text at `key` shows in hexadecimal.
    #[track_caller]
    pub fn bytes(&self, key: &str) -> Vec<u8> {
        self.root().bytes(key)
    }

    /// The bytes of the hash at `key`, whose text shows them in reverse.
    #[track_caller]
    pub fn hash(&self, key: &str) -> [u8; 32] {
        self.root().hash(key)
    }
}

impl<'a> Node<'a> {
    /// The value itself.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// File, line number and path to this value, to begin the message of an assertion with.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Whether this is an object with such a key whose value is not `null`.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The value of `key`, unless it is missing or `null`.
    pub fn get(&self, key: &str) -> Option<Self> {
        self.member(key).filter(|node| !node.value.is_null())
    }

    /// The value of `key`.
    #[track_caller]
    pub fn at(&self, key: &str) -> Self {
        self.member(key).unwrap_or_else(|| self.fail(&format!("no {key}")))
    }

    /// The elements of the list at `key`; none if it is `null`.
    #[track_caller]
    pub fn list(&self, key: &str) -> Vec<Self> {
        self.at(key).as_list()
    }

    /// The integer at `key`, of any type that can hold it.
    #[track_caller]
    pub fn int<T: TryFrom<i128>>(&self, key: &str) -> T {
        self.at(key).as_int()
    }

    /// The integer at `key`.
    #[track_caller]
    pub fn u64(&self, key: &str) -> u64 {
        self.int(key)
    }

    /// The truth value at `key`.
    #[track_caller]
    pub fn bool(&self, key: &str) -> bool {
        let node = self.at(key);
        node.value.as_bool().unwrap_or_else(|| node.fail("not true or false"))
    }

    /// The text at `key`.
    #[track_caller]
    pub fn str(&self, key: &str) -> &'a str {
        self.at(key).as_str()
    }

    /// The bytes that the text at `key` shows in hexadecimal.
    #[track_caller]
    pub fn bytes(&self, key: &str) -> Vec<u8> {
        self.at(key).as_bytes()
    }

    /// The bytes of the hash at `key`, whose text shows them in reverse.
    #[track_caller]
    pub fn hash(&self, key: &str) -> [u8; 32] {
        self.at(key).as_hash()
    }

    /// This list's elements; none if it is `null`.
    #[track_caller]
    pub fn as_list(&self) -> Vec<Self> {
        match self.value {
            Value::Null => Vec::new(),
            Value::Array(list) => list
                .iter()
                .enumerate()
                .map(|(index, value)| Node { value, place: format!("{}[{index}]", self.place) })
                .collect(),
            _ => self.fail("not a list"),
        }
    }

    /// This integer, as any type that can hold it.
    #[track_caller]
    pub fn as_int<T: TryFrom<i128>>(&self) -> T {
        let unsigned = self.value.as_u64().map(i128::from);
        let integer = unsigned.or_else(|| self.value.as_i64().map(i128::from));
        let integer = integer.unwrap_or_else(|| self.fail("not an integer of 64 bits"));
        T::try_from(integer).unwrap_or_else(|_| self.fail("an integer out of range"))
    }

    /// This text.
    #[track_caller]
    pub fn as_str(&self) -> &'a str {
        self.value.as_str().unwrap_or_else(|| self.fail("not a text"))
    }

    /// The bytes that this text shows in hexadecimal.
    #[track_caller]
    pub fn as_bytes(&self) -> Vec<u8> {
        hex::decode(self.as_str()).unwrap_or_else(|| self.fail("not hexadecimal"))
    }

    /// The bytes of this hash, whose text shows them in reverse.
    #[track_caller]
    pub fn as_hash(&self) -> [u8; 32] {
        hex::decode_hash(self.as_str()).unwrap_or_else(|| self.fail("not a hash"))
    }

    fn member(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key)?;
        Some(Node { value, place: format!("{} {key}", self.place) })
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        panic!("{}: {what}", self.place)
    }
}
