// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// Whether inner packets arrive that claim to come from this host.
package enum SourceOwn: Check {
    package static let id = "source.own"
    package static let why =
        "a packet from outside with our own address as its source is a loop, a lie, or an address used twice"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        ofDrops(host, .ownSource) { tunnel in
            tunnel.device.map { "tcpdump -ni any ip proto 4, and look for an inner source that is on \($0) here" }
        }
    }
}
