// SPDX-License-Identifier: Apache-2.0

/// Outer packets from peers, and inner ones out of the tunnel, before the kernel routes them.
package enum NetfilterPrerouting: NetfilterCheck {
    package static let id = "netfilter.prerouting"
    package static let why = "a rule drops what arrives before it is routed, and the tunnel never sees it"
    package static let hooks: [Netfilter.Hook] = [.ingress, .prerouting]

    package static func questions(_ host: HostSnapshot) -> [NetfilterQuestion] {
        host.arrivals() + host.innerArrivals()
    }
}

/// Outer packets from peers, on their way to our raw socket; inner ones for this host.
package enum NetfilterInput: NetfilterCheck {
    package static let id = "netfilter.input"
    package static let why = "a raw socket receives only the packets that the input chains accept"
    package static let hooks: [Netfilter.Hook] = [.input]

    package static func questions(_ host: HostSnapshot) -> [NetfilterQuestion] {
        host.arrivals() + host.innerArrivals()
    }
}

/// Outer packets to peers as they leave our socket; inner ones from this host.
package enum NetfilterOutput: NetfilterCheck {
    package static let id = "netfilter.output"
    package static let why = "a rule drops what this host sends, and the sender is told nothing or EPERM"
    package static let hooks: [Netfilter.Hook] = [.output]

    package static func questions(_ host: HostSnapshot) -> [NetfilterQuestion] {
        host.departures() + host.innerDepartures()
    }
}

/// The same, when they were routed.
package enum NetfilterPostrouting: NetfilterCheck {
    package static let id = "netfilter.postrouting"
    package static let why = "a rule drops what leaves this host after it was routed"
    package static let hooks: [Netfilter.Hook] = [.postrouting, .egress]

    package static func questions(_ host: HostSnapshot) -> [NetfilterQuestion] {
        host.departures() + host.innerDepartures()
    }
}
