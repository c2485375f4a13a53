//! What `--help` says beyond the list of options.

/// What to try first.
pub(crate) const TOOL: &str = "\
Examples:
  dcrpeer                                      run two peers and print what they send
  dcrpeer listen --network simnet              accept peers and show every message
  dcrpeer connect 127.0.0.1 --network simnet   connect to a peer and show its messages
  dcrpeer crawl --demo                         crawl a made-up network of 300 peers
  dcrpeer decode frames.txt                    decode captured frames
  dcrpeer replay talk.jsonl                    tell a conversation that connect --record kept
  dcrpeer serve --network simnet               run a node and show its peers in a table
  dcrpeer load 127.0.0.1 --network simnet      measure a node under a thousand connections

The exit status is 2 for invalid arguments, and 1 for a command that failed. Standard error says why in one
line. With --json a failed command also ends its output with an object that says so; if no other does, it is
  {\"event\":\"failed\",\"ok\":false,\"detail\":\"cannot listen on …\"}
It is 130 for a command that did not end within five seconds of Ctrl-C or --for, or before a second Ctrl-C. A
hang-up of the terminal ends a command as Ctrl-C does, unless it was started to ignore that, as by nohup.

In a checkout of the project, write `cargo dcrpeer` for `dcrpeer`. `dcrpeer COMMAND --help` tells more.";

/// About `connect`.
pub(crate) const CONNECT: &str = "\
ADDR is a name or an address, with or without a port: node.example, 10.0.0.7:19108, ::1, [::1]:9108. An IPv6
address may name its interface: fe80::1%eth0, [fe80::1%2]:9108. Of a name with several addresses the next is tried
beside the others after 250 ms, or as soon as one fails; if all fail, all are told.

A node that is dialled tells the highest protocol version that both speak, so where that is ours it may speak
higher ones: `protocol_version_is` of version is then negotiated, else highest. A node that leaves gives no reason:
what it can be is in `causes` of end, each with `cause`, `text` and, where a pause helps, `wait_s`;
`redial_after_s` is the least pause before the next attempt.

Once hands are shaken it pings, to show the round trip. The exit status is 0 if hands were shaken and the
end was ours: --for was over, or Ctrl-C.

With --proxy nothing is looked up here: the proxy gets the name, and a user name and password drawn for this
connection alone, so that Tor uses a circuit of its own for it. A proxy that asks for neither may use one
circuit for all: a line on standard error says so, and `isolated` of connected is false. The peer is told
neither the proxy's address nor the name it was reached by.

What --inv announces does not exist, and a peer that asks for it is told so by notfound. A node bans a host for a day
that denies more than 10 transactions within a few minutes. So no more than that are denied; over the others a node
disconnects after 30 to 45 s. --rude denies them all: use it with a node of your own.

The peer may ask, too. We have nothing, and say so as far as a node bears it: see serve --help. Offer --services only
to see what a peer asks for then.

With --json each line is an object with `event` (warning, connecting, connected, waiting, version, established,
sent, announced, asked, message, unserved, refused, end), `ms` since the start and `peer`; the last one has
`ok`, the reason of the end and the statistics. Messages have the fields that decode shows. Numbers are written
in full: a nonce may be above 2^53, so read it with a parser that keeps 64-bit integers (Python does;
JavaScript, and jq that calculates with it, round it).

Examples:
  dcrpeer connect 127.0.0.1 --network simnet --for 10s
  dcrpeer connect node.example --getheaders --user-agent wallet:1.0
  dcrpeer connect NAME.onion --proxy 127.0.0.1:9050 --inv 5
  dcrpeer connect node.example --json | jq -r 'select(.event == \"message\") | .command'";

/// About `crawl`.
pub(crate) const CRAWL: &str = "\
The nearest come first: the seeds are level 0, what they tell of is level 1, and so on, by who tells of it first.
A slow peer does not delay the others. Every address is visited once: connect, shake
hands, ping for the round trip, getaddr, leave.

The seeds are visited whatever they are. Of what peers tell, only addresses that can be reached from anywhere are
visited; those of private networks or of this machine are visited only if a seed is of that kind. The rest is
skipped and counted: special ranges like those for documentation, and IPv6 forms of such IPv4 addresses. Of many
ports of one host a few are visited, see --ports-per-host.

Ctrl-C, --for, --max and a hang-up of the terminal end it early, with a summary of what was seen. The exit status
is 0 unless nobody was reached, or the chart cannot be written; the summary is written first. With --json each
visit gives one object as it ends, and the summary follows the last:
  {\"event\":\"peer\",\"ms\":…,\"address\":\"…\",\"level\":1,\"ok\":true,\"outcome\":\"reachable\",\"reason\":null,
   \"detail\":null,\"protocol_version\":12,\"user_agent\":\"…\",\"services\":1,\"last_block\":…,\"connect_ms\":…,
   \"isolated\":null,\"handshake_ms\":…,\"round_trip_ms\":…,\"answer\":\"addresses\",\"addresses\":23,\"new\":4}
  {\"event\":\"summary\",\"ok\":true,\"ended\":\"Complete\",\"known\":…,\"visited\":…,\"reachable\":…,…}
`outcome` is reachable, refused, timed_out, unreachable, proxy, no_room, closed, silent, other_network, too_old,
not_decred or ourselves; `reason` is the error's name and `detail` the same for people. What a peer told before
it was given up is there, and null what it did not. `protocol_version` is the highest that both speak. `answer`,
to getaddr, is addresses, none, late, left or broke. `isolated`, with --proxy, is whether the proxy asked for a
user name, see connect --help. In the summary known = visited + not_visited, and visited = reachable + the sum of
`unreachable`; `skipped` counts tor, private, loopback, unusable and too_many_ports.

Examples:
  dcrpeer crawl --demo --svg crawl.svg
  dcrpeer crawl node.example --max 500 --svg crawl.svg
  dcrpeer crawl 127.0.0.1 --network simnet --json | jq -r 'select(.ok and .event == \"peer\") | .user_agent'
  dcrpeer crawl node.example --proxy 127.0.0.1:9050 --at-once 20";

/// About `listen`.
pub(crate) const LISTEN: &str = "\
ADDR is an address with or without a port; port 0 lets the system choose. Several peers may come, at once or
one after another; each has its number. Every message is shown; to keep many peers and see them in a table,
use serve instead. What others ask for and it does not have is answered as by serve, and told once a connection.

A node never keeps whom it dials without the full service: to be kept by those, say --services network. See serve
--help for what it asks for then.

The exit status is 0 if hands were shaken at least once and the end was ours: --for was over, or Ctrl-C. With
--json each line is an object with `event` (listening, connected, waiting, version, established, sent, message,
unserved, end, stopped), `ms` since the start and `peer`; each peer's `end` has the reason and its statistics,
and `stopped` has `ok`. Numbers are written in full, see connect --help.

Examples:
  dcrpeer listen --network simnet
  dcrpeer listen 0.0.0.0:19108 --network testnet3 --services network --for 2m --json";

/// About `replay`.
pub(crate) const REPLAY: &str = "\
FILE is a recording of connect, listen, serve, crawl or proxy with --record: every byte that crossed the connection, with its time.
docs/recording.md defines the format. Without --as the conversation is told as connect tells it live, from the side that
recorded. A file that was cut off is told up to the cut.

With --as our machine takes the place of that side. It hears what the other side sent, at the recorded times; its owner
says what that side's owner said; what it writes is compared byte for byte. The exit status is 0 if all is the same,
and 1 with the first difference: when, what was expected, what our machine did, its state, and its next timeout. With
--json that is one object, `event` same or difference.

With --step the machine is shown after each piece: its state, the bytes that are queued, the requests that are open and
every timeout that runs; with --json as objects with `event` step. --until T stops there, and shows the machine then.

With --against ADDR the recorded dialer's part is said to a live node, at the recorded pace, with new nonces and today's
time. What it answers is compared with what was recorded, command by command; pings and what changes with every
connection are not. An answer may come 5 s later than in the recording. The exit status is 0 if all answers are the
same, and 1 with each difference.

Examples:
  dcrpeer connect 127.0.0.1 --network simnet --for 10s --record talk.jsonl
  dcrpeer replay talk.jsonl
  dcrpeer replay talk.jsonl --as dialer
  dcrpeer replay talk.jsonl --as dialer --step --until 30s
  dcrpeer replay talk.jsonl --as dialer --against 127.0.0.1:18555";

/// About `proxy`.
pub(crate) const PROXY: &str = "\
LISTEN and ADDR are addresses, ADDR may be a name; each with or without a port. Have a program connect to LISTEN instead
of to the node at ADDR. For each connection that comes the proxy makes one to the node, and passes on every byte at once
and unchanged, the end of a stream, and a reset. Up to 125 connections may be open; further ones wait.

With --record each connection has a file of its own, with its number in the name. The program that came is the dialer in
it, the node the listener: see replay --help. A recording that a proxy made has the configuration of neither, so a replay
does not expect pings at our machine's times.

The exit status is 0 if the end was ours: --for was over, or Ctrl-C. With --json each line is an object with `event`
(listening, connected, warning, end, stopped), `ms` since the start and `peer`; `end` has `ok`, `detail`,
`bytes_from_dialer` and `bytes_from_listener`.

Examples:
  dcrpeer proxy 127.0.0.1:19999 127.0.0.1:18555 --network simnet --record between.jsonl
  dcrpeer connect 127.0.0.1:19999 --network simnet
  dcrpeer replay between-1.jsonl --as listener";

/// About `decode`.
pub(crate) const DECODE: &str = "\
A line is HEX, or PROTOCOL NETWORK HEX, whose columns override --protocol and --network for that line. What
follows the first frame of a line is ignored; an empty line is a frame that was cut off before its start.

A frame that is refused is a result like any other. The exit status is 0 unless the input could not be read,
or a line of it is no frame in hexadecimal. With --json each line of the input gives one object:
  {\"ok\":true,\"command\":\"ping\",\"bytes\":32,\"reencoded\":\"same\",\"message\":{\"nonce\":7}}
  {\"ok\":false,\"error\":\"PayloadChecksum\",\"command\":\"ping\",\"detail\":\"bad checksum of ping payload\"}
where `reencoded` is the payload in hexadecimal if it differs, or {\"error\":KIND} if there is none, and
`error` is BadInput where the line is to blame. A message that only other protocol versions have is refused with
`versions`, its first and last, and null for last if it still exists. An input that cannot be read gives an object
with `event`, see dcrpeer --help.

FILE may also be a recording, see replay --help, or a pcap or pcapng capture of tcpdump or Wireshark. Then all frames are
decoded, with the time, the side that sent them and the number of the connection (`ms`, `from`, `connection`); network and
protocol are those of the connection. TCP streams are put together by sequence number. Objects with `event` tell of
connections, of bytes that are `missing` or `skipped` since they are part of no whole frame, and in the end of each `stream`: how
many segments were retransmitted, overlapping or reordered.

Examples:
  dcrpeer decode frames.txt
  dcrpeer decode talk.pcap
  echo 12 simnet 161c141276657261636b00000000000000000000716f6e86 | dcrpeer decode";

/// About `serve`.
pub(crate) const SERVE: &str = "\
ADDR is an address with or without a port; port 0 lets the system choose, and the first line says which. It
shakes hands, answers pings, and tells those who ask, once, which addresses it knows. To see every message of a few
peers, use listen instead.

It keeps no blocks, transactions and filters, and says so as far as a node bears it:
  getheaders                 headers with none; a node that has just started and synchronizes from us leaves after 10 s
  getdata                    notfound, up to the points for which a node bans a host for a day: 5 blocks, or 10
                             transactions; over the others it leaves after 30 to 45 s. --rude denies them all
  getinitstate               initstate with nothing in it; a node needs no more
  getblocks, mempool, getcfilterv2, getcfsv2
                             no answer, as from a node that has no more
None of this is a ban. What was asked for is told once for each peer with --json, else at the end.

By default it offers no services. Others dial it then and stay; but a node never keeps whom it dials without the full
service. With --services network it is kept by those, and asked for headers and blocks, of which it has none: that takes
a place which a node with blocks could have, so do this where you know the nodes.

Of the addresses that its peers tell it keeps up to 999 that can be reached from anywhere: at most 100 from one peer
and 250 from the peers of one network. A time in the future becomes five days ago. It tells its own address only if
that can be reached from anywhere, too. On a test network use --allow-private.

With --metrics ADDR it serves http://ADDR/metrics in the text format of Prometheus (OpenMetrics): connections, handshakes,
ends by reason, messages and bytes by direction and command, and the round trips of pings. Whoever reaches ADDR can read
them: choose an address of this machine.

On a terminal it shows who has been here longest, as many as fit, twice a second. Elsewhere it writes a line
every two seconds if a peer came or left, and the table at the end. The exit status is 0 if the end was
ours: --for was over, or Ctrl-C, or the system asked for it.

With --json each line is an object with `event` and `ms` since the start. About one peer, by its number `peer`:
connected, version, established, unserved, end; `unserved` has the request, the command of the answer or null,
what a node does then, and for getdata the points that it counts against this host; `end` has the reason and its
statistics. About all: listening, metrics (the address), status (every two seconds if a peer came or left: peers, max, came,
established, left, handshakes_per_second of the last second, bytes_received, bytes_sent, memory in bytes),
stopped, whose `commands` tell what went each way. Nothing is dropped: a node whose output is not read waits for its reader, and serves no peer meanwhile.
Ctrl-C and --for end it even then: five seconds later, or at the next Ctrl-C, it ends with status 130 and
unread output is lost.

Examples:
  dcrpeer serve --network simnet
  dcrpeer serve 127.0.0.1:0 --network simnet --max 500 --for 10m
  dcrpeer serve 127.0.0.1 --network simnet --services network
  dcrpeer serve --json | jq -r 'select(.event == \"version\") | .message.user_agent'";

/// About `load`.
pub(crate) const LOAD: &str = "\
ADDR is a name or an address, with or without a port. It opens N connections and keeps them, then pings on
each, and tells how fast hands were shaken, how long pongs took, and what memory this process needed. No more
than --at-once connections are being opened, and no more pings are under way, at a time; a time includes the
wait behind the others, so --at-once 1 shows the bare round trip.

This wears a peer down. On this machine you may; a peer elsewhere takes --with-permission, and permission.

The exit status is 0 if connections came about, whether or not all did. With --json there is one object:
address, network, wanted, opened, failed and lost (reasons and how often), opening_ms (until the last
handshake), handshakes_per_second, connect_ms, handshake_ms and round_trip_ms (each with p50, p90, p99, max),
pings, unanswered, bytes_sent, bytes_received, memory (before, with_all, per_connection, in bytes; the last is
null below 100 connections), stopped (why it was cut short, or null).

Examples, with `dcrpeer serve --network simnet` in another terminal:
  dcrpeer load 127.0.0.1 --network simnet
  dcrpeer load 127.0.0.1 --network simnet -n 5000 --hold 1m
  dcrpeer load 127.0.0.1 --network simnet -n 100 --at-once 1 --json | jq .round_trip_ms";
