//! What errors say: the whole sentence, with the cause, and the cause only once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::error::Error as _;

use peer_core::{
    BanRule, CodecError, Command, Config, ConfigError, Error, Excess, FrameError, Network, SendError,
};
use peer_tests::remote::{established, frame};

const CAUSE: CodecError = CodecError::UserAgentTooLong(Excess { got: 257, max: 256 });
const CAUSE_TEXT: &str = "user agent too long: 257, at most 256 bytes";

/// The text of an error with those of its sources, as reporters join them.
fn report(error: &dyn core::error::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        texts.push(cause.to_string());
        source = cause.source();
    }
    texts.join(": ")
}

fn bad_ping() -> FrameError {
    FrameError::Payload { command: Command::new("ping").unwrap(), cause: CAUSE }
}

#[test]
fn an_error_says_its_cause_and_a_reporter_says_it_once() {
    let errors: [(Box<dyn core::error::Error>, &str); 8] = [
        (Box::new(SendError::from(CAUSE)), "message cannot be sent: "),
        (
            Box::new(ConfigError::UserAgent(CAUSE)),
            "user_agent, with its prefix and comments, cannot be sent: ",
        ),
        (Box::new(bad_ping()), "bad ping message: "),
        (Box::new(Error::from(bad_ping())), "bad ping message: "),
        (Box::new(SendError::from(Error::from(bad_ping()))), "connection is over: bad ping message: "),
        (Box::new(peer_tokio::Closed::from(Error::from(bad_ping()))), "bad ping message: "),
        (Box::new(peer_mio::Closed::from(Error::from(bad_ping()))), "bad ping message: "),
        (Box::new(CAUSE), ""),
    ];
    for (error, begin) in errors {
        let expected = format!("{begin}{CAUSE_TEXT}");
        assert_eq!(error.to_string(), expected);
        assert_eq!(report(&*error), expected);
    }
}

#[test]
fn what_happens_says_its_cause() {
    let mut remote = established();
    remote.say_bytes(&frame("ping", &[0; 4]));
    let text = "bad ping message: payload ends early: a field of 8 bytes, 4 are left";
    assert_eq!(remote.error().to_string(), text);
    let refused = remote.machine.send(&peer_core::Message::GetAddr, remote.now).unwrap_err();
    assert_eq!(refused.to_string(), format!("connection is over: {text}"));
    assert!(refused.source().is_none());
    let refused = Config::builder(Network::MAINNET).user_agent("ü", "1").build().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "user_agent, with its prefix and comments, cannot be sent: text is not printable ASCII"
    );
}

#[test]
fn what_nodes_ban_for_is_said_in_words() {
    let texts = [
        (BanRule::EmptyInv, "an inv without entries"),
        (BanRule::EmptyGetData, "a getdata without entries"),
        (BanRule::EmptyAddr, "an addr without entries"),
        (BanRule::AddrNotCanonical, "an IPv4 address in the form of an IPv6 one"),
        (BanRule::SecondInitState, "a second initstate on the same connection"),
        (
            BanRule::Points { points: 132, limit: 100 },
            "132 points, above the limit of 100; passing points halve every 60 s",
        ),
    ];
    for (rule, text) in texts {
        assert_eq!(rule.to_string(), text);
    }
}
