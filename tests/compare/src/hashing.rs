//! BLAKE-256: one stream, one block, many at once.

use std::hint::black_box;

use blake_hash::Digest;
use peer_core::message::BlockHeader;

use crate::measure::Work;
use crate::report::{Report, Target};
use crate::{blake256 as portable, samples};
use peer_core::blake256;

pub fn measure(report: &mut Report) {
    report.group("hash, one stream");
    let data: Vec<u8> = (0..36_032_usize).map(|i| i.to_le_bytes()[0].wrapping_mul(7)).collect();
    report.line(
        Target::AtLeast(0.95, 1.03),
        Work::new("36 kB, portable", || portable::hash(black_box(&data))),
        Work::new("blake-hash 0.4", || blake_hash::Blake256::digest(black_box(&data))),
    );
    for (name, size) in [("8 B, portable", 8), ("64 B, portable", 64), ("1 KiB, portable", 1024)] {
        report.line(
            Target::Faster,
            Work::new(name, || portable::hash(black_box(&data[..size]))),
            Work::new("blake-hash 0.4", || blake_hash::Blake256::digest(black_box(&data[..size]))),
        );
    }
    if cfg!(feature = "vectors") {
        report.line(
            if vectors() == 512 { Target::AtLeast(1.15, 1.25) } else { Target::AtLeast(1.05, 1.10) },
            Work::new("36 kB, feature simd", || blake256::hash(black_box(&data))),
            Work::new("36 kB, portable", || portable::hash(black_box(&data))),
        );
    }
    // 36,032 bytes and their padding are 564 blocks: compressions with next to nothing around them.
    for (name, size) in [("checksum of 8 B", 8), ("checksum of 55 B", 55)] {
        report.line(
            Target::AtMost(1.15, 1.05),
            Work::new(name, || blake256::checksum(black_box(&data[..size]))),
            Work::batch("one compression", 564, || blake256::hash(black_box(&data))),
        );
    }
    many(report, &data);
    ids(report);
}

fn many(report: &mut Report, data: &[u8]) {
    report.group("hash, many at once");
    let target =
        if cfg!(feature = "vectors") { Target::AtLeast(3.0, 4.1) } else { Target::AtLeast(1.5, 1.9) };
    let cases = [("1,000 x 8 B", 1000, 8), ("1,000 x 180 B", 1000, 180), ("16 x 180 B", 16, 180)];
    for (name, count, size) in cases {
        let inputs: Vec<&[u8]> = (0..count).map(|i| &data[i * 7..][..size]).collect();
        let mut digests = vec![[0; 32]; count];
        let target = if size == 180 && count == 1000 { target } else { Target::Faster };
        report.line(
            target,
            Work::batch(name, count, || blake256::hash_many(black_box(&inputs), black_box(&mut digests))),
            Work::batch("one by one, portable", count, || {
                for input in black_box(&inputs) {
                    black_box(portable::hash(input));
                }
            }),
        );
    }
}

fn ids(report: &mut Report) {
    report.group("ids");
    let block = samples::block();
    report.line(
        Target::Faster,
        Work::batch("708 transactions, Transactions::hashes", samples::TRANSACTIONS, || {
            black_box(&block).transactions().hashes()
        }),
        Work::batch("one by one", samples::TRANSACTIONS, || {
            for transaction in black_box(&block).transactions() {
                black_box(transaction.hash());
            }
        }),
    );
    let headers = samples::headers(2000).headers;
    report.line(
        Target::Faster,
        Work::batch("2,000 headers, BlockHeader::hash_many", 2000, || {
            BlockHeader::hash_many(black_box(&headers))
        }),
        Work::batch("one by one", 2000, || {
            for header in black_box(&headers) {
                black_box(header.hash());
            }
        }),
    );
}

/// How many bits the vectors have that our hash uses, as far as that decides a target.
fn vectors() -> usize {
    #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
    {
        if std::is_x86_feature_detected!("avx512vbmi2") {
            return 512;
        }
        if std::is_x86_feature_detected!("avx2") {
            return 256;
        }
    }
    128
}
