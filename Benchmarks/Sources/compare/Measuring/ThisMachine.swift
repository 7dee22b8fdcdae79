// SPDX-License-Identifier: Apache-2.0

internal import Comparison
internal import Foundation
internal import Glibc

/// The machine that we run on.
enum ThisMachine {
    static func describe() throws -> Machine {
        let processor = read("/proc/cpuinfo")
        let memory = MachineText.value(of: "MemTotal", in: read("/proc/meminfo")).flatMap(MachineText.octets)
        // Processors of other architectures have no model name there; lscpu knows it.
        let lscpu = (try? Command.run("lscpu")) ?? ""
        let model = MachineText.value(of: "model name", in: processor) ?? MachineText.value(of: "Model name", in: lscpu)
        return Machine(
            processor: model ?? "unknown processor", cores: ProcessInfo.processInfo.activeProcessorCount,
            memoryOctets: memory ?? 0, kernelRelease: line(of: "/proc/sys/kernel/osrelease"),
            distribution: MachineText.distribution(osRelease: read("/etc/os-release")) ?? "unknown distribution",
            hypervisor: hypervisor(lscpu: lscpu, processor: processor),
            congestionControl: line(of: "/proc/sys/net/ipv4/tcp_congestion_control"))
    }

    private static func hypervisor(lscpu: String, processor: String) -> String {
        if let vendor = MachineText.value(of: "Hypervisor vendor", in: lscpu) { return vendor }
        let flags = MachineText.value(of: "flags", in: processor)?.split(separator: " ")
        guard let flags, !lscpu.isEmpty else { return "unknown" }
        return flags.contains("hypervisor") ? "unknown" : "none"
    }

    private static func line(of path: String) -> String {
        let text = read(path).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return text.isEmpty ? "unknown" : text
    }

    private static func read(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}

/// What versions there are of what is compared, and of what measures.
enum Versions {
    static func of(_ subject: Subject) -> String {
        if let command = subject.versionCommand {
            let text = (try? Command.run(command)) ?? ""
            return text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "unknown"
        }
        let versions = subject.programs.map { package($0.package) }
        return versions.isEmpty ? "Linux" : versions.joined(separator: ", ")
    }

    /// A Debian package's version.
    static func package(_ name: String) -> String {
        let text = try? Command.run(["dpkg-query", "-W", "-f=${Version}", name])
        return text.map { $0.isEmpty ? "unknown" : $0 } ?? "not from a Debian package"
    }
}
