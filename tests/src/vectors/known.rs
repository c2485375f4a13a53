use super::Folder;
use std::collections::BTreeSet;

/// Every file that a folder of vectors may hold, and the name of the test that reads it: the one that a
/// [`Tally`](super::Tally) is made with, and that must read the file if it is there. A name that ends in `/`
/// stands for all files in that folder. Those of `bin/` are read through the lines that name them.
pub const KNOWN_FILES: &[(&str, &str)] = &[
    ("addr.jsonl", "messages"),
    ("addrv2.jsonl", "messages"),
    ("alert.jsonl", "messages"),
    ("block.jsonl", "messages"),
    ("cfheaders.jsonl", "messages"),
    ("cfilter.jsonl", "messages"),
    ("cfiltersv2.jsonl", "messages"),
    ("cfilterv2.jsonl", "messages"),
    ("cftypes.jsonl", "messages"),
    ("encode_errors.jsonl", "encode_errors"),
    ("feefilter.jsonl", "messages"),
    ("filteradd.jsonl", "messages"),
    ("filterclear.jsonl", "messages"),
    ("filterload.jsonl", "messages"),
    ("genesis.jsonl", "genesis"),
    ("getaddr.jsonl", "messages"),
    ("getblocks.jsonl", "messages"),
    ("getcfheaders.jsonl", "messages"),
    ("getcfilter.jsonl", "messages"),
    ("getcfilterv2.jsonl", "messages"),
    ("getcfsv2.jsonl", "messages"),
    ("getcftypes.jsonl", "messages"),
    ("getdata.jsonl", "messages"),
    ("getheaders.jsonl", "messages"),
    ("getinitstate.jsonl", "messages"),
    ("getminings.jsonl", "messages"),
    ("hashes.jsonl", "hashes"),
    ("headers.jsonl", "messages"),
    ("initstate.jsonl", "messages"),
    ("inv.jsonl", "messages"),
    ("invalid.jsonl", "invalid"),
    ("invalid_legacy.jsonl", "invalid_legacy"),
    ("max_payload.jsonl", "max_payload"),
    ("mempool.jsonl", "messages"),
    ("merkleblock.jsonl", "messages"),
    ("miningstate.jsonl", "messages"),
    ("mixconfirm.jsonl", "messages"),
    ("mixcphrtxt.jsonl", "messages"),
    ("mixdcnet.jsonl", "messages"),
    ("mixfactpoly.jsonl", "messages"),
    ("mixkeyxchg.jsonl", "messages"),
    ("mixpairreq.jsonl", "messages"),
    ("mixsecrets.jsonl", "messages"),
    ("mixslotres.jsonl", "messages"),
    ("mutated.jsonl", "mutated"),
    ("names.jsonl", "names"),
    ("notfound.jsonl", "messages"),
    ("peer_scenarios.jsonl", "scenarios"),
    ("ping.jsonl", "messages"),
    ("pong.jsonl", "messages"),
    ("pver_matrix.jsonl", "pver_matrix"),
    ("reject.jsonl", "messages"),
    ("reject_legacy.jsonl", "messages"),
    ("sendheaders.jsonl", "messages"),
    ("stream.jsonl", "stream"),
    ("transcripts/", "transcripts"),
    ("tx.jsonl", "messages"),
    ("varint.jsonl", "varint"),
    ("verack.jsonl", "messages"),
    ("version.jsonl", "messages"),
];

/// The test that must read the file with this name, if the file is known.
pub fn reader_of(name: &str) -> Option<&'static str> {
    let is_lines = name.ends_with(".jsonl");
    let known = KNOWN_FILES.iter().find(|(known, _)| match known.ends_with('/') {
        true => name.starts_with(known) && is_lines,
        false => name == *known,
    });
    known.map(|(_, test)| *test)
}

/// Fails for every file of the folder that no test reads: it is not known, or it is one of `bin/` that no
/// line names.
pub fn assert_all_files_known(folder: &Folder) {
    let files = folder.files();
    let mut named = BTreeSet::new();
    for name in files.iter().filter(|name| reader_of(name).is_some()) {
        let lines = folder.lines(name).unwrap_or_default();
        named.extend(lines.iter().filter_map(|line| Some(line.get("payload_bin")?.as_str().to_owned())));
    }
    let unknown: Vec<_> =
        files.into_iter().filter(|name| reader_of(name).is_none() && !named.contains(name)).collect();
    assert!(unknown.is_empty(), "no test reads these files of {}: {unknown:?}", folder.root().display());
}
