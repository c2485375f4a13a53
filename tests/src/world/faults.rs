//! What goes wrong in a world. Each fault happens now; the user of the world chooses when and to which nodes.

use core::time::Duration;

use peer_core::Time;

use super::queue::Due;
use super::{ConnectionId, Logic, NodeId, World};

impl<L: Logic> World<L> {
    /// The connection breaks at both ends. What is on its way is lost.
    pub fn reset(&mut self, connection: ConnectionId) {
        let now = self.state.now;
        for end in [connection, connection.other()] {
            if let Some(pipe) = self.state.end_mut(end).map(|end| &mut end.pipe) {
                pipe.break_off(now);
            }
        }
        self.state.serve_soon(connection);
        self.state.serve_soon(connection.other());
    }

    /// This end stops writing and goes on reading; the other one sees the end of the stream.
    pub fn half_close(&mut self, connection: ConnectionId) {
        let now = self.state.now;
        let Some(link) = self.state.link_mut(connection) else { return };
        let latency = link.latency;
        let at = link.ends[usize::from(connection.is_inbound)].pipe.finish(now, latency);
        self.state.queue.push(at, Due::Serve(connection.other()));
    }

    /// Nothing gets through for so long, in either direction; then everything does.
    pub fn stall(&mut self, connection: ConnectionId, duration: Duration) {
        let until = self.state.now + duration;
        for end in [connection, connection.other()] {
            if let Some(pipe) = self.state.end_mut(end).map(|end| &mut end.pipe) {
                pipe.hold(until);
                self.state.queue.push(until, Due::Serve(end));
            }
        }
    }

    /// Cuts a node off from all others for so long: its connections stall, and no dial gets through.
    pub fn isolate(&mut self, node: NodeId, duration: Duration) {
        self.state.site(node).isolated_until = self.state.now + duration;
        for connection in self.state.site(node).connections.clone() {
            self.stall(connection, duration);
        }
    }

    /// Sets a node's clock forward.
    pub fn set_clock_forward(&mut self, node: NodeId, by: Duration) {
        self.state.set_clock(node, self.state.time_at(node) + by);
    }

    /// Sets a node's clock back, to its start at most.
    pub fn set_clock_back(&mut self, node: NodeId, by: Duration) {
        let shows = self.state.time_at(node).elapsed();
        self.state.set_clock(node, Time::from_elapsed(shows.saturating_sub(by)));
    }
}
