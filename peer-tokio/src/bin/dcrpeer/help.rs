//! What `--help` says beyond the list of options.

/// What to try first.
pub(crate) const TOOL: &str = "\
Examples:
  dcrpeer                                      watch two peers talk
  dcrpeer listen --network simnet              be a peer, and see who comes
  dcrpeer connect 127.0.0.1 --network simnet   visit a peer, and see what it says
  dcrpeer crawl --demo                         walk a made-up network of 300 peers
  dcrpeer decode frames.txt                    read captured frames

In a checkout of the project, write `cargo dcrpeer` for `dcrpeer`. `dcrpeer COMMAND --help` tells more.";

/// About `connect`.
pub(crate) const CONNECT: &str = "\
ADDR is a name or an address, with or without a port: node.example, 10.0.0.7:19108, ::1, [::1]:9108.

Once hands are shaken it pings, to show the round trip. The exit status is 0 if hands were shaken and the
end was ours: --for was over, or Ctrl-C.

With --proxy nothing is looked up here: the proxy gets the name, and a user name and password drawn for this
connection alone, so that Tor uses a circuit of its own for it. The peer is told neither the proxy's address nor
the name it was reached by. What --inv announces does not exist, so who asks for it is answered with notfound.

With --json each line is an object with `event` (connecting, connected, waiting, version, established, sent,
announced, asked, message, end), `ms` since the start and `peer`; the last one has `ok`, the reason of the end
and the statistics. Messages have the fields that decode shows. Numbers are written in full: a nonce may be above
2^53, so read it with a parser that keeps 64-bit integers (Python does; JavaScript, and jq that calculates with
it, round it).

Examples:
  dcrpeer connect 127.0.0.1 --network simnet --for 10s
  dcrpeer connect node.example --getheaders --services network,cf --user-agent wallet:1.0
  dcrpeer connect NAME.onion --proxy 127.0.0.1:9050 --inv 20
  dcrpeer connect node.example --json | jq -r 'select(.event == \"message\") | .command'";

/// About `listen`.
pub(crate) const LISTEN: &str = "\
ADDR is an address with or without a port; port 0 lets the system choose. Several peers may come, at once or
one after another; each has its number.

The exit status is 0 if hands were shaken at least once and the end was ours: --for was over, or Ctrl-C. With
--json each line is an object with `event` (listening, connected, waiting, version, established, message,
end, stopped), `ms` since the start and `peer`; each peer's `end` has the reason and its statistics, and `stopped`
has `ok`. Numbers are written in full, see connect --help.

Examples:
  dcrpeer listen --network simnet
  dcrpeer listen 0.0.0.0:19108 --network testnet3 --for 2m --json";

/// About `decode`.
pub(crate) const DECODE: &str = "\
A line is HEX, or PROTOCOL NETWORK HEX, whose columns override --protocol and --network for that line. What
follows the first frame of a line is ignored; an empty line is a frame that was cut off before its start.

A frame that is refused is a result like any other. The exit status is 0 unless the input could not be read.
With --json each line of the input gives one object:
  {\"ok\":true,\"command\":\"ping\",\"bytes\":32,\"reencoded\":\"same\",\"message\":{\"nonce\":7}}
  {\"ok\":false,\"error\":\"PayloadChecksum\",\"command\":\"ping\",\"detail\":\"bad checksum of ping payload\"}
where `reencoded` is the payload in hexadecimal if it differs, or {\"error\":KIND} if there is none.

Examples:
  dcrpeer decode frames.txt
  echo 12 simnet 161c141276657261636b00000000000000000000716f6e86 | dcrpeer decode";
