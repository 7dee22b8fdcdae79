// SPDX-License-Identifier: Apache-2.0

internal import Comparison
internal import Foundation
internal import Glibc

/// The processors' times as `/proc` has them now.
enum Snapshot {
    static func take(_ tunnel: Tunnel) throws(Complaint) -> ProcessorTimes {
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        guard let system = SystemTimes(read("/proc/stat"), ticksPerSecond: ticks) else {
            throw Complaint("/proc/stat", why: "has no times", whatNow: "is /proc mounted?")
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let processes = names.compactMap { name in
            // A process may end while we look.
            Int32(name).flatMap { ProcessTimes(read("/proc/\($0)/stat"), ticksPerSecond: ticks) }
        }
        return ProcessorTimes(
            clock: Waiting.clock, system: system, processes: processes, tunnel: tunnel.processes.map(\.id),
            own: getpid())
    }

    private static func read(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}
