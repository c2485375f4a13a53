//! What a large frame costs, however its bytes are cut.

use peer_core::message::Raw;
use peer_core::{Command, Config, Event, Message, UnknownCommands, blake256};
use peer_tests::remote::{NETWORK, header};

use crate::Attack;
use crate::heap::{KIB, MIB, Meter, at_most, grouped, note};
use crate::victim::Victim;

pub(crate) const ATTACKS: &[Attack] = &[("parsing_costs_the_same_for_each_byte", parse_cost)];

/// The largest frame that there is.
const LARGEST: usize = 26_321_001;

/// What each byte is changed to as soon as it was handed over.
const WIPED: u8 = 0xaa;

/// Work shows in what it looks at. Every byte is changed as soon as the machine had its turn with it: the checksum
/// is right only if it was made of each byte when it came, and of none a second time. So as many bytes are hashed
/// as there are, and the rest of the work is a call and no allocation for each piece.
fn parse_cost() {
    let config = Config::builder(NETWORK).unknown_commands(UnknownCommands::Deliver);
    let ready = Victim::established(config.max_unrequested(LARGEST).build().unwrap());
    let (mut percent, mut most, mut pieces) = (0, 0, 0);
    for len in [64 * KIB, 256 * KIB, MIB, 4 * MIB, LARGEST] {
        let len = if cfg!(debug_assertions) { len.min(MIB) } else { len };
        let payload: Vec<u8> = (0..len).map(|at| at.to_le_bytes()[at % 3]).collect();
        for piece in [1, KIB, 16 * KIB] {
            let (mut victim, meter) = (ready.clone(), Meter::start());
            assert!(
                is_read_once(&mut victim, &payload, piece),
                "{len} bytes by {piece}: a byte is hashed twice"
            );
            pieces += len.div_ceil(piece);
            percent = percent.max(meter.allocated() * 100 / len);
            most = most.max(meter.allocations());
        }
    }
    let attack = "frame of 64 KiB to 26 MB in pieces of 1 byte, 1 KiB and 16 KiB";
    note(attack, "each byte hashed when it comes, and never again", &format!("{} pieces", grouped(pieces)));
    at_most("the same", "percent of its size allocated", 400, percent);
    at_most("the same", "allocations, however many the pieces", 64, most);
}

/// Whether a frame is accepted that is wiped behind the machine's back, piece by piece.
fn is_read_once(victim: &mut Victim, payload: &[u8], piece: usize) -> bool {
    let command = Command::new("large").unwrap();
    let header = header(command.as_str(), payload.len(), blake256::checksum(payload));
    victim.hear(&header).unwrap();
    let (last, wiped) =
        payload.chunks(piece).next_back().map(|last| (last, payload.len() - last.len())).unwrap();
    for bytes in payload[..wiped].chunks(piece) {
        victim.hear(bytes).unwrap();
        let come = victim.input.len();
        victim.input[come - bytes.len()..].fill(WIPED);
    }
    let Ok(events) = victim.listen(last) else { return false };
    let [Event::Message(Message::Raw(Raw { payload: read, .. }))] = &events[..] else { panic!("{events:?}") };
    assert!(read[..wiped].iter().all(|byte| *byte == WIPED), "it kept a copy");
    read[wiped..] == *last
}
