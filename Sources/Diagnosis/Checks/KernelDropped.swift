// SPDX-License-Identifier: Apache-2.0

/// What the kernel says of the packets that it drops, with `doctor --watch`.
///
/// It says it for the whole machine, and neither the device nor the packet: so this is a hint at which check to read, and
/// never more than a warning.
package enum KernelDropped: Check {
    package static let id = "kernel.drops"
    package static let why = "the kernel names its reason for each packet that it drops"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        switch host.kernelDrops {
        case nil: []
        case .hidden(let why)?: [finding(.unknown, [why] + counters(host))]
        case .known(let drops)?: judge(drops, host)
        }
    }

    private static func judge(_ drops: KernelDrops, _ host: HostSnapshot) -> [Finding] {
        var findings: [Finding] = []
        for (name, count) in drops.reasons.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            guard let reason = KernelDropReason.known[name] else { continue }
            var evidence = [
                "\(name) \(count) times within \(drops.milliseconds) ms: \(reason.sentence); see \(reason.check)"
            ]
            let own = reason.counter.flatMap { host.network.counter($0) }
            if let counter = reason.counter, let own { evidence.append("\(counter) here: \(own.recent) more") }
            // Without a counter of this namespace it may as well be another one's packet.
            let isOurs = (own?.recent ?? 0) > 0
            evidence.append(isOurs ? "probably of this network namespace" : "perhaps of another network namespace")
            findings.append(finding(isOurs ? .warning : .info, evidence))
        }
        let others = drops.reasons.filter { KernelDropReason.known[$0.key] == nil }.values.reduce(0, +)
        if findings.isEmpty, drops.missed > 0 {
            return [
                finding(.unknown, ["\(drops.missed) drops within \(drops.milliseconds) ms were too many to look at"])
            ]
        }
        if findings.isEmpty {
            return [finding(.ok, ["\(others) drops within \(drops.milliseconds) ms, none of them a tunnel's"])]
        }
        if drops.missed > 0 { findings[0].evidence.append("\(drops.missed) drops more were too many to count") }
        return findings
    }

    /// What can be told without the kernel's reasons.
    private static func counters(_ host: HostSnapshot) -> [String] {
        let names = Set(KernelDropReason.known.values.compactMap(\.counter))
        let grown = names.sorted().compactMap { name -> String? in
            guard let growth = host.network.counter(name), growth.recent > 0 else { return nil }
            return "\(name): \(growth.recent) more within \(host.windowMilliseconds) ms"
        }
        return grown.isEmpty ? ["no counter of dropped packets has grown meanwhile"] : grown
    }
}
