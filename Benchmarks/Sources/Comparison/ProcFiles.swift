// SPDX-License-Identifier: Apache-2.0

/// One process's line in `/proc/PID/stat` (proc_pid_stat(5)).
package struct ProcessTimes: Equatable, Sendable {
    package let id: Int32
    package let parent: Int32
    /// User and system time, its own and that of the children it waited for.
    package let seconds: Double

    package init(id: Int32, parent: Int32, seconds: Double) {
        self.id = id
        self.parent = parent
        self.seconds = seconds
    }

    /// The name, in parentheses, may hold spaces and parentheses itself: only what follows the last one is regular.
    package init?(_ line: String, ticksPerSecond: Double) {
        guard let opening = line.firstIndex(of: "("), let closing = line.lastIndex(of: ")"),
            let id = Int32(line[..<opening].filter(\.isNumber))
        else { return nil }
        let fields = line[line.index(after: closing)...].split(separator: " ")
        // Fields 4 and 14 to 17 of the manual page; the first one here is number 3.
        guard fields.count > 14, let parent = Int32(fields[1]) else { return nil }
        let ticks = fields[11...14].compactMap { Double($0) }
        guard ticks.count == 4 else { return nil }
        self.init(id: id, parent: parent, seconds: ticks.reduce(0, +) / ticksPerSecond)
    }

    /// kthreadd is process 2, and the parent of every other kernel thread.
    package var isKernelThread: Bool { id == 2 || parent == 2 }
}

/// The first lines of `/proc/stat` (proc_stat(5)).
package struct SystemTimes: Equatable, Sendable {
    package let processors: Int
    /// All but idle, waiting for disks, and stolen.
    package let busy: Double
    package let stolen: Double

    package init?(_ text: String, ticksPerSecond: Double) {
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("cpu") }
        guard let total = lines.first else { return nil }
        let ticks = total.split(separator: " ").dropFirst().compactMap { Double($0) }
        // user nice system idle iowait irq softirq steal; guests are in user already
        guard ticks.count >= 8 else { return nil }
        processors = lines.count - 1
        busy = (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / ticksPerSecond
        stolen = ticks[7] / ticksPerSecond
    }
}

/// The listening ports in a `/proc/PID/net/tcp`.
package enum ListeningPorts {
    /// State 0A of the fourth column is LISTEN; a local address ends with its port, in hexadecimal.
    package static func contain(_ port: UInt16, in table: String) -> Bool {
        table.split(separator: "\n").dropFirst().contains { line in
            let columns = line.split(separator: " ")
            guard columns.count > 3, columns[3] == "0A" else { return false }
            return columns[1].split(separator: ":").last.flatMap { UInt16($0, radix: 16) } == port
        }
    }
}
