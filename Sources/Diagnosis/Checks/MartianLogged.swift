// SPDX-License-Identifier: Apache-2.0

/// What the kernel has logged of packets with impossible addresses.
package enum MartianLogged: Check {
    package static let id = "martian.logged"
    package static let why =
        "a packet with our own address as its source, or from where it cannot come from, is dropped in silence unless "
        + "log_martians is set"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        guard !host.tunnels.isEmpty else { return [finding(.ok)] }
        let devices = Set(host.tunnels.compactMap(\.device) + host.network.links.keys)
        let lines = (host.surroundings.martians.value ?? []).filter { line in
            // "martian source 10.9.0.1 from 10.9.0.1, on dev iptun0"
            line.split(separator: " ").last.map { devices.contains(String($0)) } ?? false
        }
        if let last = lines.last {
            let text = "the first address is the destination, the second the source; see source.own and rpfilter.tunnel"
            // The log is the machine's: a device of that name may be another network namespace's.
            return [finding(.info, ["\(last) (\(lines.count) such lines)", text])]
        }
        guard host.surroundings.martianLoggers.isEmpty else {
            if case .hidden(let why) = host.surroundings.martians { return [finding(.info, [why])] }
            return [finding(.ok)]
        }
        return [finding(.ok, ["log_martians = 0: such packets are not logged"])]
    }
}
