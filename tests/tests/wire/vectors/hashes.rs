//! Hashes: the function, its parts, the text form.

use peer_core::{Hash, blake256};
use peer_tests::hex;
use peer_tests::vectors::{Folder, Line, Tally};

#[test]
fn hashes_and_their_texts_are_the_references() {
    let folder = Folder::open();
    let mut tally = Tally::new("hashes");
    for line in tally.all_lines(&folder) {
        let place = line.place();
        match line.str("kind") {
            "blake256" => {
                assert_eq!(blake256::hash(&input(&line)).to_vec(), line.bytes("output_hex"), "{place}")
            }
            "blake256_double" => {
                let twice = blake256::hash(&blake256::hash(&input(&line)));
                assert_eq!(twice.to_vec(), line.bytes("output_hex"), "{place}");
            }
            "blake256_incremental" => {
                let mut hasher = blake256::Blake256::new();
                for part in line.list("parts_hex") {
                    hasher.update(&part.as_bytes());
                }
                assert_eq!(hasher.finalize().to_vec(), line.bytes("output_hex"), "{place}");
            }
            "hash_text" => {
                let bytes: [u8; 32] = line.bytes("input_hex").try_into().expect("32 bytes");
                assert_eq!(Hash::from_bytes(bytes).to_string(), line.str("text"), "{place}");
            }
            "hash_from_text" => {
                let parsed: Option<Hash> = line.str("text").parse().ok();
                let expected = line.get("output_hex").map(|_| line.bytes("output_hex"));
                assert_eq!(parsed.map(|hash| hash.to_bytes().to_vec()), expected, "{place}");
            }
            "blake3_256" => {
                tally.skipped(&line, "BLAKE3 is outside what this project is for");
                continue;
            }
            kind => panic!("{place}: nothing checks {kind}"),
        }
        tally.checked(&line);
    }
    tally.finish(&folder);
}

/// The input, spelled out or by its rule.
fn input(line: &Line) -> Vec<u8> {
    let Some(rule) = line.get("input_rule") else { return line.bytes("input_hex") };
    assert_eq!(rule.as_str(), "byte i = (i*7 + (i>>8)) mod 256", "{}", line.place());
    (0..line.u64("input_len")).map(|i| (i * 7 + (i >> 8)).to_le_bytes()[0]).collect()
}

#[test]
fn all_inputs_hashed_together_give_the_same_digests() {
    let lines = Folder::open().lines("hashes.jsonl").unwrap_or_default();
    let lines: Vec<&Line> = lines.iter().filter(|line| line.str("kind") == "blake256").collect();
    let inputs: Vec<Vec<u8>> = lines.iter().map(|line| input(line)).collect();
    let slices: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let mut digests = vec![[0; 32]; slices.len()];
    blake256::hash_many(&slices, &mut digests);
    for (line, digest) in lines.iter().zip(digests) {
        assert_eq!(hex::encode(&digest), line.str("output_hex"), "{}", line.place());
    }
}
