// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// A tunnel that is asked for a report again and again.
struct MonitorWatch {
    private let name: String
    private let directory: String?
    private let interval: UInt64
    /// When the next report is due, milliseconds.
    private var due: UInt64
    private(set) var state: MonitorState
    /// Dropped packets, if they were asked for and may be seen.
    private let samples: MonitorSamples?

    /// Asks for the first one.
    /// - Parameter milliseconds: from one to the next.
    init(_ name: String, directory: String?, _ parts: MonitorParts, milliseconds: UInt64) throws(Complaint) {
        (self.name, self.directory, interval) = (name, directory, milliseconds)
        switch try RunningTunnels.ask(name, directory: directory).first {
        case .report(let report):
            let now = Clock.milliseconds
            state = MonitorState(report, at: now)
            due = now + milliseconds
        case .unreadable(_, let error): throw RunningTunnels.complaint(aboutUnreadable: name, error)
        case nil: throw RunningTunnels.complaint(about: name, directory: directory)
        }
        guard parts == .drops else {
            samples = nil
            return
        }
        do throws(Complaint) {
            samples = try MonitorSamples(name, directory: directory)
        } catch {
            samples = nil
            state.add(samples: ["no headers: \(error)"])
        }
    }

    /// How long it is until the next one is due.
    func milliseconds(from now: UInt64) -> UInt64 { due > now ? due - now : 0 }

    /// Asks for the next one. No answer is something to tell, and to try again.
    /// - Throws: that the tunnel has ended.
    mutating func ask() throws(Complaint) {
        switch try RunningTunnels.ask(name, directory: directory).first {
        case .report(let report): state.add(report, samples: samples?.next() ?? [], at: Clock.milliseconds)
        case .unreadable(_, let error):
            state.add(trouble: "\(RunningTunnels.complaint(aboutUnreadable: name, error))")
        case nil:
            throw Complaint(
                "tunnel \(name) has ended", why: "nobody answers any more", whatNow: "'iptund up' starts it again")
        }
        // Who was held up does not catch up.
        due = max(due + interval, Clock.milliseconds)
    }
}
