// SPDX-License-Identifier: Apache-2.0

/// Where something was measured.
package struct Machine: Codable, Equatable, Sendable {
    package let processor: String
    package let cores: Int
    package let memoryOctets: Int
    /// What `uname -r` prints.
    package let kernelRelease: String
    package let distribution: String
    /// Its vendor, `none` on bare metal, `unknown` where nobody says.
    package let hypervisor: String
    package let congestionControl: String

    package init(
        processor: String, cores: Int, memoryOctets: Int, kernelRelease: String, distribution: String,
        hypervisor: String, congestionControl: String
    ) {
        self.processor = processor
        self.cores = cores
        self.memoryOctets = memoryOctets
        self.kernelRelease = kernelRelease
        self.distribution = distribution
        self.hypervisor = hypervisor
        self.congestionControl = congestionControl
    }

    /// What differs so that figures cannot be compared: `kernel 6.1.0 and 6.6.0`.
    ///
    /// The distribution may: the programs' versions tell what matters of it.
    package func differences(from other: Machine) -> [String] {
        var found: [String] = []
        func note(_ what: String, _ ours: String, _ theirs: String) {
            if ours != theirs { found.append("\(what) \(ours) and \(theirs)") }
        }
        note("processor", processor, other.processor)
        note("cores", "\(cores)", "\(other.cores)")
        if !hasMemoryLike(other) { note("memory", memoryText, other.memoryText) }
        note("kernel", kernelRelease, other.kernelRelease)
        note("hypervisor", hypervisor, other.hypervisor)
        return found
    }

    /// The kernel keeps a little more or less for itself at each start: one part in fifty does not tell machines apart.
    private func hasMemoryLike(_ other: Machine) -> Bool {
        abs(memoryOctets - other.memoryOctets) * 50 <= max(memoryOctets, other.memoryOctets)
    }

    private var memoryText: String { Decimals.text(Double(memoryOctets) / Double(1 << 30), 1) + " GiB" }

    package var description: String {
        "\(processor), \(cores) cores, \(memoryText), Linux \(kernelRelease), \(distribution), hypervisor: \(hypervisor), "
            + "TCP: \(congestionControl)"
    }
}

/// The texts in which Linux describes a machine.
package enum MachineText {
    /// The value behind the first `name` and a colon, as in `/proc/cpuinfo`, `/proc/meminfo`, and what `lscpu` prints.
    package static func value(of name: String, in text: String) -> String? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, trimmed(parts[0]) == name else { continue }
            return trimmed(parts[1])
        }
        return nil
    }

    /// The octets in `24617312 kB`.
    package static func octets(_ kilobytes: String) -> Int? {
        kilobytes.split(separator: " ").first.flatMap { Int($0) }.map { $0 * 1024 }
    }

    /// `PRETTY_NAME` of `/etc/os-release` (os-release(5)).
    package static func distribution(osRelease text: String) -> String? {
        let prefix = "PRETTY_NAME="
        let line = text.split(separator: "\n").first { $0.hasPrefix(prefix) }
        return line.map { String($0.dropFirst(prefix.count).filter { $0 != "\"" }) }
    }

    private static func trimmed(_ text: Substring) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
