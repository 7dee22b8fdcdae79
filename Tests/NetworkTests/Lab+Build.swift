// SPDX-License-Identifier: Apache-2.0

import Linux

/// A link between two hosts, to be made: the names and addresses of its ends.
struct Cable {
    struct End {
        let host: Host
        let device: String
        /// With the length of its prefix; empty for none.
        let address: String
    }

    let ends: [End]

    init(
        _ left: Host, _ leftDevice: String, _ leftAddress: String, _ right: Host, _ rightDevice: String,
        _ rightAddress: String
    ) {
        ends = [
            End(host: left, device: leftDevice, address: leftAddress),
            End(host: right, device: rightDevice, address: rightAddress),
        ]
    }
}

extension Lab {
    /// Makes hosts, links between these or others, and routes, all at once: one `ip` for what belongs to no host, and one
    /// for each host. Returns when all links carry packets.
    func build(_ hosts: [Host], _ links: [Cable], _ routes: [(host: Host, route: String)] = []) throws {
        var lines = hosts.map { "netns add \($0.namespace)" }
        for link in links {
            let ends = link.ends.map { "name \($0.device) netns \($0.host.namespace)" }
            lines.append("link add \(ends[0]) type veth peer \(ends[1])")
        }
        try Lab.command("ip", "-batch", try batch(lines))
        let ends = links.flatMap(\.ends)
        let touched = hosts + ends.map(\.host).filter { end in !hosts.contains { $0.namespace == end.namespace } }
        var names: Set<String> = []
        for host in touched where names.insert(host.namespace).inserted {
            // Nothing may change by itself while a test compares: no IPv6 address becomes valid, no carrier comes up.
            let own = ends.filter { $0.host.namespace == host.namespace }
            let commands =
                ["link set lo up"] + own.map { "link set \($0.device) addrgenmode none up" }
                + own.filter { $0.address != "" }.map { "address add \($0.address) dev \($0.device)" }
            try Lab.command("ip", "-n", host.namespace, "-batch", try batch(commands))
        }
        for end in ends { try end.host.waitForCarrier(end.device) }
        for host in touched {
            let own = routes.filter { $0.host.namespace == host.namespace }.map { "route add \($0.route)" }
            if !own.isEmpty { try Lab.command("ip", "-n", host.namespace, "-batch", try batch(own)) }
        }
    }

    /// What ``Host/state`` asks `ip`.
    var questions: String {
        get throws {
            try batch(["link", "address", "route show table all", "rule", "neigh show proxy"])
        }
    }
}

extension Host {
    /// Waits until a device that is up has a carrier, too.
    func waitForCarrier(_ device: String) throws {
        try eventually("\(device) of \(namespace) carries packets") {
            try inside { () throws(Errno) in try Netlink().link(named: device)?.isRunning ?? false }
        }
    }

    /// Sets what /proc/sys/net/ipv4 has under that name.
    func setSysctl(_ name: String, _ value: Int) throws {
        try inside { () throws(Errno) in try Sysctl.write(UInt32(value), to: name) }
    }
}
