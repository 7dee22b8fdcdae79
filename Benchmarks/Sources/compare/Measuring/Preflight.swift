// SPDX-License-Identifier: Apache-2.0

internal import Comparison
internal import Foundation
internal import Glibc

/// What must be there before anything is measured.
enum Preflight {
    private static let tools = [
        Subject.Requirement(program: "ip", package: "iproute2"),
        Subject.Requirement(program: "ping", package: "iputils-ping"),
        Subject.Requirement(program: "iperf3", package: "iperf3"),
        Subject.Requirement(program: "ethtool", package: "ethtool"),
    ]

    /// - Throws: what is missing that nothing can be measured without.
    static func check() throws(Complaint) {
        guard geteuid() == 0 else {
            throw Complaint(
                "compare run", why: "makes network namespaces, which only root may",
                whatNow: "run it with sudo, or 'make bench-tunnels'")
        }
        Environment.extendPath()
        let missing = tools.filter { Environment.path(of: $0.program) == nil }
        guard missing.isEmpty else {
            throw Complaint(
                "compare run", why: "there is no \(missing.map(\.program).joined(separator: ", no "))",
                whatNow: "apt-get install \(missing.map(\.package).joined(separator: " "))")
        }
    }

    /// Tells the subjects that can be compared here from those that cannot.
    static func sort(_ subjects: [Subject]) throws -> (present: [Subject], missing: [Missing]) {
        var present: [Subject] = []
        var missing: [Missing] = []
        for subject in subjects {
            let packages = subject.programs.filter { Environment.path(of: $0.program) == nil }.map(\.package)
            if !packages.isEmpty {
                let reason = "not installed; apt-get install \(packages.joined(separator: " "))"
                missing.append(Missing(name: subject.name, reason: reason))
            } else if subject.name == Subject.kernelIPIP.name, let reason = try kernelLacks() {
                missing.append(Missing(name: subject.name, reason: reason))
            } else {
                present.append(subject)
            }
        }
        return (present, missing)
    }

    /// Why the kernel has no IP-in-IP; `nil` when it has.
    private static func kernelLacks() throws -> String? {
        let lab = try Lab()
        defer { lab.destroy() }
        do {
            _ = try Subject.kernelIPIP.start(lab)
            return nil
        } catch let complaint as Complaint {
            return "this kernel makes no such device: \(complaint.why)"
        }
    }

    /// How we are about to measure, and with what.
    static func settings(rounds: Int, seconds: Int) throws -> Settings {
        let versions = tools.map { ($0.program, Versions.package($0.package)) }
        return Settings(
            rounds: rounds, seconds: seconds, pings: Measurement.pings, pacedMegabits: Measurement.pacedMegabits,
            tools: Dictionary(versions, uniquingKeysWith: { first, _ in first }), offloads: try offloads())
    }

    /// What the wire's devices do by themselves is up to the kernel's defaults: worth to be noted.
    private static func offloads() throws -> [String: String] {
        let lab = try Lab()
        defer { lab.destroy() }
        let text = try Command.run(lab.inside(.a, ["ethtool", "-k", Lab.wire]))
        let names = ["tcp-segmentation-offload", "generic-segmentation-offload", "generic-receive-offload"]
        return names.reduce(into: [:]) { $0[$1] = MachineText.value(of: $1, in: text) }
    }
}
