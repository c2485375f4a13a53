//! What `--help` says beyond the list of options. clap wraps each line to the width of the terminal, so a paragraph is
//! one line here.

/// What to try first.
pub(crate) const TOOL: &str = "\
Examples:
  dcrpeer
      run two peers and print what they send
  dcrpeer listen --network simnet
      accept peers and show every message
  dcrpeer connect 127.0.0.1 --network simnet
      connect to a peer and show its messages
  dcrpeer crawl --demo
      crawl a made-up network of 300 peers
  dcrpeer decode frames.txt
      decode captured frames
  dcrpeer replay talk.jsonl
      print a conversation that connect --record kept
  dcrpeer serve --network simnet
      run a node and show its peers in a table
  dcrpeer load 127.0.0.1 --network simnet
      measure a node under a thousand connections
  dcrpeer check 127.0.0.1 --network simnet
      check whether a node behaves as real nodes do

Use listen to read every message of a few peers, and serve to keep many peers and see totals.

Exit status:
  0    the command did what it says
  1    it failed
  2    the arguments are invalid
  130  it was forced to end: five seconds after Ctrl-C or --for, or at a second Ctrl-C;
       or Ctrl-C ended a check

Standard error says in one line what failed and what to do. With --json a failed command also ends its output with an \
object that says so. If no other object does, it is
  {\"event\":\"failed\",\"ok\":false,\"detail\":\"cannot listen on …\"}
A hang-up of the terminal ends a command like Ctrl-C, unless the command was started to ignore it (nohup).

In a checkout of the project, write `cargo dcrpeer` for `dcrpeer`. `dcrpeer COMMAND --help` tells more.";

/// About `connect`.
pub(crate) const CONNECT: &str = "\
ADDR is a name or an address, with or without a port: node.example, 10.0.0.7:19108, ::1, [::1]:9108. An IPv6 address \
may name its interface: fe80::1%eth0, [fe80::1%2]:9108. If a name has several addresses, the next one is tried after \
250 ms, or as soon as one fails; if all fail, the error lists them all.

A node that we dial tells the highest protocol version that both sides speak. If that is our highest, the node may \
speak higher ones: then `protocol_version_is` of version is negotiated, else highest. A node that closes gives no \
reason. `causes` of end lists what the reason may be, each with `cause`, `text` and, where a pause helps, `wait_s`; \
`redial_after_s` is the shortest pause before the next attempt.

After the handshake it pings, to measure the round-trip time. The exit status is 0 if the handshake was completed and \
our side ended the connection: --for was over, or Ctrl-C was pressed.

With --proxy, no name is looked up on this machine: the proxy gets the name. It also gets a user name and a password \
drawn for this connection alone, so that Tor uses a separate circuit for it. A proxy that asks for neither may use one \
circuit for all connections: a line on standard error says so, and `isolated` of connected is false. The peer learns \
neither the proxy's address nor the name.

The transactions of --inv do not exist. A peer that asks for them is answered with notfound. A node bans a host for a \
day if it denies more than 10 transactions within a few minutes, so no more than that are denied; for the others a \
node disconnects after 30 to 45 s. --rude denies them all: use it only with a node of your own.

The peer may ask for data, too. We have none, and answer as far as a node tolerates: see serve --help. Use --services \
only to see what a peer asks for then.

With --json each line is an object with `event` (warning, connecting, connected, waiting, version, established, sent, \
announced, asked, message, unserved, refused, end), `ms` since the start and `peer`. The last one has `ok`, the reason \
of the end and the statistics. Messages have the fields that decode shows. Numbers are written in full: a nonce may be \
above 2^53, so use a parser that keeps 64-bit integers (Python does; JavaScript, and arithmetic in jq, round them).

Examples:
  dcrpeer connect 127.0.0.1 --network simnet --for 10s
  dcrpeer connect node.example --getheaders --user-agent wallet:1.0
  dcrpeer connect NAME.onion --proxy 127.0.0.1:9050 --inv 5
  dcrpeer connect node.example --json \\
      | jq -r 'select(.event == \"message\") | .command'";

/// About `crawl`.
pub(crate) const CRAWL: &str = "\
The crawl goes outwards: seeds are level 0, the addresses that they tell are level 1, and so on. A slow peer does not \
delay the others. Every address is visited once: connect, shake hands, ping, ask for addresses (getaddr), close.

Seeds are always visited. Of the addresses that peers tell, only public ones are visited; those of private networks or \
of this machine only if a seed is of that kind. The others are skipped and counted: special ranges like those for \
documentation, and IPv6 forms of such IPv4 addresses. Only a few ports of one host are visited, see --ports-per-host.

Ctrl-C, --for, --max and a hang-up of the terminal end the crawl early, with a summary of what was seen. The exit \
status is 0 unless no peer was reached or the chart cannot be written; the summary is written first. With --json each \
visit gives one object when it ends, and the summary comes last:
  {\"event\":\"peer\", \"ms\":…, \"address\":\"…\", \"level\":1, \"ok\":true, \"outcome\":\"reachable\", \"reason\":null, \
\"detail\":null, \"protocol_version\":12, \"user_agent\":\"…\", \"services\":1, \"last_block\":…, \"connect_ms\":…, \
\"isolated\":null, \"handshake_ms\":…, \"round_trip_ms\":…, \"answer\":\"addresses\", \"addresses\":23, \"new\":4}
  {\"event\":\"summary\", \"ok\":true, \"ended\":\"Complete\", \"known\":…, \"visited\":…, \"reachable\":…, …}
`outcome` is reachable, refused, timed_out, unreachable, proxy, no_room, closed, silent, other_network, too_old, \
not_decred or ourselves. `reason` is the error's name, and `detail` the same for people. What a peer told before the \
visit failed is there; what it did not tell is null. `protocol_version` is the highest that both speak. `answer`, to \
getaddr, is addresses, none, late, left or broke. `isolated`, with --proxy, is whether the proxy asked for a user \
name, see connect --help. In the summary known = visited + not_visited, and visited = reachable + the sum of \
`unreachable`; `skipped` counts tor, private, loopback, unusable and too_many_ports.

Examples:
  dcrpeer crawl --demo --svg crawl.svg
  dcrpeer crawl node.example --max 500 --svg crawl.svg
  dcrpeer crawl 127.0.0.1 --network simnet --json \\
      | jq -r 'select(.ok and .event == \"peer\") | .user_agent'
  dcrpeer crawl node.example --proxy 127.0.0.1:9050 --at-once 20";

/// About `listen`.
pub(crate) const LISTEN: &str = "\
Use listen to read every message of a few peers. To keep many peers and see them in a table, use serve.

ADDR is an address with or without a port; port 0 lets the system choose. Several peers may connect, at once or one \
after another; each has a number. Requests for data that it does not have are answered as by serve, and reported once \
for each connection.

A node keeps a peer that it dials only if that peer offers the full service. To be kept by such nodes, use --services \
network; serve --help says what they ask for then.

The exit status is 0 if at least one handshake was completed and our side ended the run: --for was over, or Ctrl-C was \
pressed. With --json each line is an object with `event` (listening, connected, waiting, version, established, sent, \
message, unserved, end, stopped), `ms` since the start and `peer`. Each peer's `end` has the reason and its \
statistics, and `stopped` has `ok`. Numbers are written in full, see connect --help.

Examples:
  dcrpeer listen --network simnet
  dcrpeer listen 0.0.0.0:19108 --network testnet3 --for 2m --json";

/// About `replay`.
pub(crate) const REPLAY: &str = "\
FILE is a recording of connect, listen, serve, crawl, demo or proxy with --record: every byte that crossed the connection, \
with its time. docs/recording.md defines the format. Without --as, replay prints the conversation as connect prints it \
live, from the side that recorded. A file that was cut off is printed up to the cut.

With --as, our machine takes the place of that side. It receives what the other side sent, at the recorded times; it \
gets the commands that the owner gave; what it writes is compared byte for byte. The exit status is 0 if all is the \
same. It is 1 at the first difference, which is printed: when, what was expected, what our machine did, its state, and \
its next timeout. With --json that is one object whose `event` is same or difference. A side that sent nothing is the \
same, with 0 frames. If the recording is cut off, the result says so.

With --step the machine is shown after each piece: its state, the bytes that are queued, the requests that are open and \
every timeout that runs; with --json as objects with `event` step. Requests that the recorded owner made with an id \
are sent as plain messages, so they do not count as open. --until T stops there, and shows the machine then.

With --against ADDR the recorded dialer's part is said to a live node, at the recorded pace, with new nonces and today's \
time. What it answers is compared with what was recorded, command by command; pings and what changes with every \
connection are not. An answer may come 5 s later than in the recording. The exit status is 0 if all answers are the \
same, and 1 with each difference.

Examples:
  dcrpeer connect 127.0.0.1 --network simnet --for 10s --record talk.jsonl
  dcrpeer replay talk.jsonl
  dcrpeer replay talk.jsonl --as dialer
  dcrpeer replay talk.jsonl --as dialer --step --until 30s
  dcrpeer replay talk.jsonl --as dialer --against 127.0.0.1:18555";

/// About `proxy`.
pub(crate) const PROXY: &str = "\
LISTEN and ADDR are addresses, ADDR may be a name; each with or without a port. Have a program connect to LISTEN instead \
of to the node at ADDR. For each connection that comes the proxy makes one to the node, and passes on every byte at once \
and unchanged, the end of a stream, and a reset. Up to 125 connections may be open; further ones wait.

With --record each connection has a file of its own, with its number in the name. The program that came is the dialer in \
it, the node the listener: see replay --help. A recording that a proxy made has the configuration of neither, so a replay \
does not expect pings at our machine's times.

The exit status is 0 if the end was ours: --for was over, or Ctrl-C. With --json each line is an object with `event` \
(listening, connected, warning, end, stopped), `ms` since the start and `peer`; `end` has `ok`, `detail`, \
`bytes_from_dialer` and `bytes_from_listener`.

Examples:
  dcrpeer proxy 127.0.0.1:19999 127.0.0.1:18555 --network simnet --record between.jsonl
  dcrpeer connect 127.0.0.1:19999 --network simnet
  dcrpeer replay between-1.jsonl --as listener";

/// About `decode`.
pub(crate) const DECODE: &str = "\
Without FILE it reads standard input; Ctrl-D ends what you type.

A line is HEX, or PROTOCOL NETWORK HEX, whose columns override --protocol and --network for that line. What follows \
the first frame of a line is ignored. An empty line is a frame that was cut off before its start.

A refused frame is a result like any other. The exit status is 1 only if the input cannot be read, or a line is not a \
frame in hexadecimal. If the first ten lines are none, decode stops there: the input is something else. With --json each line of the input gives one object:
  {\"ok\":true, \"command\":\"ping\", \"bytes\":32, \"reencoded\":\"same\", \"message\":{\"nonce\":7}}
  {\"ok\":false, \"error\":\"PayloadChecksum\", \"command\":\"ping\", \"detail\":\"bad checksum of ping payload\"}
`reencoded` is the payload in hexadecimal if encoding the message again gives other bytes, or {\"error\":KIND} if it \
gives none. `error` is BadInput for a line that is not a frame in hexadecimal. A message that only other protocol \
versions have is refused with `versions`, its first and last; last is null if the message still exists. An input that \
cannot be read gives an object with `event`, see dcrpeer --help.

FILE may also be a recording, see replay --help, or a pcap or pcapng capture of tcpdump or Wireshark. Then all frames are \
decoded, with the time, the side that sent them and the number of the connection (`ms`, `from`, `connection`); network and \
protocol are those of the connection. TCP streams are put together by sequence number. Objects with `event` tell of \
connections, of bytes that are `missing` or `skipped` since they are part of no whole frame, and in the end of each `stream`: how \
many segments were retransmitted, overlapping or reordered.

Examples:
  dcrpeer decode frames.txt
  dcrpeer decode talk.pcap
  echo 12 simnet 161c141276657261636b00000000000000000000716f6e86 \\
      | dcrpeer decode";

/// About `serve`.
pub(crate) const SERVE: &str = "\
Use serve to keep many peers and see them in a table. To read every message of a few peers, use listen.

ADDR is an address with or without a port; port 0 lets the system choose, and the first line says which. It completes \
handshakes, answers pings, and tells each peer that asks, once, which addresses it knows.

On a terminal it shows a table, renewed twice a second. Keys: q quits; t, a, r, i and o sort by time connected, \
address, round-trip time (rtt), bytes in and bytes out; the same key again reverses the order. At first the newest \
peer is on top. Elsewhere it writes a line every two seconds if a peer came or left, and the table at the end. Memory is what the \
system counts for the whole process (resident set), not only for the peers.

It has no blocks, transactions or filters, and says so as far as a node tolerates:
  getheaders
      headers with none. A node that has just started and synchronizes from us closes after 10 s.
  getdata
      notfound, up to the points for which a node bans a host for a day: 5 blocks, or 10 transactions. For the others \
the node closes after 30 to 45 s. --rude denies them all.
  getinitstate
      an empty initstate; a node needs no more
  getblocks, mempool, getcfilterv2, getcfsv2
      no answer, as from a node that has no more
None of this is a ban. What was asked for is reported once for each peer with --json, else at the end.

By default it offers no services. Other nodes that dial it stay; but a node keeps a peer that it dials only if that \
peer offers the full service. With --services network such nodes keep it and ask it for headers and blocks, of which \
it has none. That takes a place which a node with blocks could have, so do it only with nodes that you know.

It keeps up to 999 of the addresses that its peers tell and that can be reached from anywhere: at most 100 from one \
peer and 250 from the peers of one network. A time in the future becomes five days ago. It tells its own address only \
if that can be reached from anywhere, too. On a test network use --allow-private.

With --metrics ADDR it serves http://ADDR/metrics in the text format of Prometheus (OpenMetrics): connections, \
handshakes, ends by reason, messages and bytes by direction and command, and round-trip times. Everyone who can reach \
ADDR can read them: choose an address of this machine.

The exit status is 0 if our side ended the run: --for was over, q or Ctrl-C was pressed, or the system asked for it.

With --json each line is an object with `event` and `ms` since the start. About one peer, by its number `peer`: \
connected, version, established, unserved, end. `unserved` has the request, the command of the answer or null, what a \
node does then, and for getdata the points that it counts against this host; `end` has the reason and its statistics. \
About all peers: listening, metrics (the address), status (every two seconds if a peer came or left: peers, max, came, \
established, left, handshakes_per_second of the last second, bytes_received, bytes_sent, memory in bytes), stopped, \
whose `commands` count what went each way. Nothing is dropped: if its output is not read, it waits and serves no peer \
meanwhile. Ctrl-C and --for end it even then: five seconds later, or at the next Ctrl-C, it ends with status 130, and \
unread output is lost.

Examples:
  dcrpeer serve --network simnet
  dcrpeer serve 127.0.0.1:0 --network simnet --max 500 --for 10m
  dcrpeer serve 127.0.0.1 --network simnet --services network
  dcrpeer serve --json \\
      | jq -r 'select(.event == \"version\") | .message.user_agent'";

/// About `load`.
pub(crate) const LOAD: &str = "\
ADDR is a name or an address, with or without a port. load opens N connections, keeps them, and pings on each. It \
tells how fast handshakes were completed, how long pongs took, and how much memory this process needed: what the \
system counts for the whole process (resident set), before and with all connections. That is more for each connection \
than the library needs: it includes what this tool notes about each, and what the allocator keeps. At most --at-once connections are \
being opened, and at most so many pings are under way, at a time. A time includes the wait behind the others: use \
--at-once 1 to measure the bare round-trip time.

This strains a peer. Use it on this machine; for a peer elsewhere get the permission of its owner, and use \
--with-permission.

The exit status is 0 if connections were opened, even if not all were. With --json there is one object: address, \
network, wanted, opened, failed and lost (reasons and how often), opening_ms (until the last handshake), \
handshakes_per_second, connect_ms, handshake_ms and round_trip_ms (each with p50, p90, p99, max), pings, unanswered, \
bytes_sent, bytes_received, memory (before, with_all, per_connection, in bytes; the last is null below 100 \
connections), stopped (why it was cut short, or null).

Examples, with `dcrpeer serve --network simnet` in another terminal:
  dcrpeer load 127.0.0.1 --network simnet
  dcrpeer load 127.0.0.1 --network simnet -n 5000 --hold 1m
  dcrpeer load 127.0.0.1 --network simnet -n 100 --at-once 1 --json \\
      | jq .round_trip_ms";

/// About `check`.
pub(crate) const CHECK: &str = "\
Each check has connections of its own, and a verdict: pass, fail or skip, with the evidence in one line. \
docs/checks.md says what each sends, what passes, and where that is written. Nodes should do what dcrd does.

Without --rude, nothing is sent that a node may ban a host for. With it, a node that bans this host ends the run of \
the rude checks: the rest is skipped. Use it with a node of your own that does not ban: nobanning=1 in dcrd, or \
whitelist this host there. A node lets one host in only every 5 s: --every is 6s unless the node is on this machine.

--record writes DIR/CHECK.jsonl, and DIR/CHECK-2.jsonl for a check's second connection: see replay --help.

The exit status is 0 if every check passed or was skipped, 1 if one failed, and 2 if the node cannot be checked: \
nothing listens, no handshake, another network; or if --only names a check that needs --rude, and that is missing. It \
is 130 if Ctrl-C ended the run. With --json each line is an object with `event`:
  {\"event\":\"checking\", \"address\":\"…\", \"network\":\"simnet\", \"user_agent\":\"…\", \"protocol_version\":12, …}
  {\"event\":\"check\", \"name\":\"pong\", \"verdict\":\"pass\", \"evidence\":\"…\", \"source\":\"…\", \"ms\":…, \
\"recordings\":[]}
  {\"event\":\"summary\", \"ok\":true, \"passed\":38, \"failed\":[], \"skipped\":10, \"stopped\":null, \"ms\":…}
`verdict` is pass, fail or skip; `failed` has names. --list --json has an object of `listed` for each check.

Examples:
  dcrpeer check 127.0.0.1 --network simnet
  dcrpeer check 127.0.0.1 --network simnet --rude --slow --record recordings
  dcrpeer check node.example --only pong,headers-link --json \\
      | jq -r 'select(.verdict == \"fail\") | .name'";

/// About `completions`.
pub(crate) const COMPLETIONS: &str = "\
The script goes to standard output. Put it where the shell looks for completions, then start a new shell.

Examples:
  dcrpeer completions bash > ~/.local/share/bash-completion/completions/dcrpeer
  dcrpeer completions zsh > ~/.zfunc/_dcrpeer
  dcrpeer completions fish > ~/.config/fish/completions/dcrpeer.fish";

/// About `man`.
pub(crate) const MAN: &str = "\
The page goes to standard output. Without COMMAND it is about the tool as a whole.

Examples:
  dcrpeer man > dcrpeer.1 && man ./dcrpeer.1
  dcrpeer man serve > dcrpeer-serve.1";
