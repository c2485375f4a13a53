//! Frames that wait together are hashed together, and no one can tell.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::BytesMut;
use peer_core::frame::{Frame, FrameReader, Header, Rules, encode};
use peer_core::message::{Ping, Transaction, TxOut};
use peer_core::{
    Config, Direction, Error, Event, FrameError, Message, Network, Node, ProtocolVersion, blake256,
};
use peer_tests::remote::{NETWORK, Remote, introduction};
use peer_tests::samples::{inv, tx_item};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

const RULES: Rules = Rules::new(NETWORK, ProtocolVersion::LATEST);

fn below(rng: &mut ChaCha8Rng, end: usize) -> usize {
    usize::try_from(rng.next_u32()).unwrap() % end
}

fn framed(message: &Message) -> Vec<u8> {
    encode(message, NETWORK, ProtocolVersion::LATEST).unwrap()
}

fn ping(nonce: u64) -> Vec<u8> {
    framed(&Message::Ping(Ping { nonce }))
}

/// A frame as remotes send them in numbers, or now and then a longer one.
fn any_frame(rng: &mut ChaCha8Rng) -> Vec<u8> {
    framed(&match below(rng, 40) {
        0..15 => Message::Ping(Ping { nonce: rng.next_u64() }),
        15..20 => Message::GetAddr,
        20..28 => inv((0..rng.next_u32() % 5).map(tx_item).collect::<Vec<_>>()),
        // Of the lengths about 2048 bytes, up to which payloads are hashed with others, and of 0 bytes.
        28..39 => transaction(below(rng, 2100)),
        _ => transaction(20_000),
    })
}

fn transaction(script: usize) -> Message {
    let output = TxOut { value: 1, version: 0, pk_script: &vec![7; script] };
    Message::Tx(Transaction::new(1, &[], &[output], 0, 0).unwrap())
}

/// Makes a frame one that is refused.
fn spoil(frame: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let (header, payload) = frame.split_first_chunk().unwrap();
    let mut header = Header::from_bytes(header);
    match below(rng, 6) {
        0 => header.network = Network::MAINNET,
        1 => header.command = *b"nonsense\0\0\0\0",
        2 => header.command[3] = 0xff,
        3 => header.len = u32::MAX,
        4 => header.len += 1,
        _ => header.checksum[1] ^= 1,
    }
    *frame = [&header.to_bytes()[..], payload].concat();
}

/// Up to 100 frames, of which some are refused in every other stream.
fn any_stream(rng: &mut ChaCha8Rng) -> Vec<Vec<u8>> {
    let is_flawed = rng.next_u32().is_multiple_of(2);
    let mut stream: Vec<_> = (0..=below(rng, 100)).map(|_| any_frame(rng)).collect();
    for frame in &mut stream {
        if is_flawed && below(rng, 40) == 0 {
            spoil(frame, rng);
        }
    }
    stream
}

/// The stream in pieces of many frames, and of parts of some.
fn pieces<'a>(mut stream: &'a [u8], rng: &mut ChaCha8Rng) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while !stream.is_empty() {
        let (piece, rest) = stream.split_at((1 + below(rng, 5000)).min(stream.len()));
        pieces.push(piece);
        stream = rest;
    }
    pieces
}

/// What a reader makes of a stream that comes in these pieces: the frames, and why it ended.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Frame>, Option<FrameError>) {
    let (mut reader, mut input, mut frames) = (FrameReader::new(), BytesMut::new(), Vec::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            match reader.read(&mut input, &RULES) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}

#[test]
fn a_reader_reads_the_same_as_one_by_one() {
    let mut refused = 0;
    for seed in 0..300 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let stream = any_stream(&mut rng);
        let one_by_one = read(stream.iter().map(Vec::as_slice));
        for frame in &one_by_one.0 {
            assert_eq!(frame.hash.to_bytes(), blake256::hash(&frame.payload), "seed {seed}");
        }
        let whole = stream.concat();
        assert!(read([&whole[..]]) == one_by_one, "seed {seed}, at once");
        assert!(read(pieces(&whole, &mut rng)) == one_by_one, "seed {seed}, in pieces");
        refused += usize::from(one_by_one.1.is_some());
    }
    assert!(refused > 50, "only {refused} streams were refused");
}

/// Everything that comes out of a machine, on either side.
#[derive(PartialEq)]
struct Outcome {
    events: Vec<Event>,
    written: Vec<u8>,
    received: u64,
    error: Option<Error>,
}

/// What a machine makes of a stream that comes in these pieces, from its first byte on. It stops reading as soon as
/// it owes three pongs, so it often does in the middle of a burst.
fn hear<'a>(version: u32, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let builder = Config::builder(NETWORK).min_protocol_version(ProtocolVersion::INITIAL);
    let config = builder.send_pause(64).protocol_version(version.into());
    let mut remote = Remote::new(&Node::new(config.build().unwrap()), Direction::Inbound);
    let (mut events, mut written, mut error) = (Vec::new(), Vec::new(), None);
    for piece in pieces {
        remote.say_bytes(piece);
        loop {
            match remote.pull() {
                Ok(Some(event)) => events.push(event),
                Ok(None) if !remote.machine.wants_write() => break,
                Ok(None) => written.extend(remote.machine.take_all(remote.now)),
                Err(end) => {
                    // What waits is dropped then, so how much was written is up to when it was taken.
                    written.clear();
                    error = Some(end);
                    break;
                }
            }
        }
    }
    Outcome { events, written, received: remote.machine.stats().bytes_received, error }
}

#[test]
fn a_machine_does_the_same_as_one_by_one_from_the_handshake_on() {
    let (mut surfaced, mut refused) = (0, 0);
    for seed in 0..100 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let version = [12_u32, 12, 11, 5][below(&mut rng, 4)];
        let mut stream = any_stream(&mut rng);
        let early = if version == 12 { 0 } else { 2 };
        stream.insert(0, framed(&introduction(version.cast_signed()).into()));
        stream.insert((1 + early).min(stream.len()), framed(&Message::Verack));
        let one_by_one = hear(version, stream.iter().map(Vec::as_slice));
        let whole = stream.concat();
        assert!(hear(version, [&whole[..]]) == one_by_one, "seed {seed}, at once");
        assert!(hear(version, pieces(&whole, &mut rng)) == one_by_one, "seed {seed}, in pieces");
        surfaced += one_by_one.events.len();
        refused += usize::from(one_by_one.error.is_some());
    }
    assert!(surfaced > 2000 && refused > 20, "{surfaced} events, {refused} ends");
}

/// A reader that has read one of many pings, and those that wait, the first of which has nonce 1.
fn one_of_many() -> (FrameReader, BytesMut) {
    let (mut reader, mut input) = (FrameReader::new(), BytesMut::new());
    (0..40).for_each(|nonce| input.extend_from_slice(&ping(nonce)));
    let first = reader.read(&mut input, &RULES).unwrap().unwrap();
    assert_eq!(first.payload[..], 0_u64.to_le_bytes());
    (reader, input)
}

#[test]
fn a_payload_that_an_owner_changes_meanwhile_is_refused() {
    let (mut reader, mut input) = one_of_many();
    input[Header::LEN] ^= 1;
    let computed = blake256::checksum(&0_u64.to_le_bytes());
    match reader.read(&mut input, &RULES) {
        Err(FrameError::PayloadChecksum { computed: got, .. }) => assert_eq!(got, computed),
        other => panic!("{other:?}"),
    }
}

#[test]
fn frames_that_an_owner_puts_in_between_are_read_and_so_are_those_behind_them() {
    let (mut reader, input) = one_of_many();
    let mut input = BytesMut::from(&[&ping(77), &ping(78), &input[..]].concat()[..]);
    for nonce in [77_u64, 78].into_iter().chain(1..40) {
        let frame = reader.read(&mut input, &RULES).unwrap().unwrap();
        assert_eq!(frame.payload[..], nonce.to_le_bytes());
        assert_eq!(frame.hash.to_bytes(), blake256::hash(&nonce.to_le_bytes()));
    }
}

#[test]
fn what_an_owner_takes_away_is_not_read() {
    let (mut reader, mut input) = one_of_many();
    input.truncate(Header::LEN + 5);
    assert_eq!(reader.read(&mut input, &RULES), Ok(None));
    assert_eq!(reader.missing(&input), Some(3));
    input.extend_from_slice(&[0; 3]);
    let frame = reader.read(&mut input, &RULES).unwrap().unwrap();
    assert_eq!(frame.payload[..], 1_u64.to_le_bytes());
}

/// Frames of 2 to 400 kB, mostly of like length, and a small one now and then.
fn long_frames(rng: &mut ChaCha8Rng) -> Vec<Vec<u8>> {
    let length = 2000 + below(rng, 50_000);
    let mut any = || match below(rng, 20) {
        0 => ping(3),
        1 => framed(&transaction(8 * length)),
        _ => framed(&transaction(length + below(rng, 2000))),
    };
    (0..40).map(|_| any()).collect()
}

#[test]
fn long_frames_are_read_the_same_in_any_cut() {
    for seed in 0..20 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let stream = long_frames(&mut rng);
        let one_by_one = read(stream.iter().map(Vec::as_slice));
        assert_eq!((one_by_one.0.len(), &one_by_one.1), (stream.len(), &None), "seed {seed}");
        for frame in &one_by_one.0 {
            assert_eq!(frame.hash.to_bytes(), blake256::hash(&frame.payload), "seed {seed}");
        }
        let whole = stream.concat();
        assert!(read([&whole[..]]) == one_by_one, "seed {seed}, at once");
        let (first, rest) = whole.split_at(below(&mut rng, whole.len()));
        assert!(read([first, rest]) == one_by_one, "seed {seed}, in two pieces");
    }
}

#[test]
fn a_wrong_checksum_among_long_frames_is_found_at_its_frame() {
    for wrong in 0..16 {
        let mut stream: Vec<_> = (0..16).map(|i| framed(&transaction(5000 + i))).collect();
        *stream[wrong].last_mut().unwrap() ^= 1;
        let (frames, error) = read([&stream.concat()[..]]);
        assert_eq!(frames.len(), wrong);
        assert!(matches!(error, Some(FrameError::PayloadChecksum { .. })), "{error:?}");
    }
}

#[test]
fn a_long_payload_that_an_owner_changes_meanwhile_is_refused() {
    let stream: Vec<_> = (0..16).map(|i| framed(&transaction(5000 + i))).collect();
    for changed in [0, 5000] {
        let (mut reader, mut input) = (FrameReader::new(), BytesMut::from(&stream.concat()[..]));
        assert!(reader.read(&mut input, &RULES).is_ok_and(|frame| frame.is_some()));
        input[Header::LEN + changed] ^= 1;
        let expected = blake256::checksum(&input[Header::LEN..stream[1].len()]);
        match reader.read(&mut input, &RULES) {
            Err(FrameError::PayloadChecksum { computed, .. }) => assert_eq!(computed, expected),
            other => panic!("{other:?}"),
        }
    }
}
