// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// `iptund monitor` on a terminal: draws, and listens to keys and signals.
struct MonitorScreen {
    let parts: MonitorParts
    /// How many intervals; `nil` for ever.
    let count: Int?

    /// What the wait for the next report was ended by.
    private enum Event {
        case due
        /// `q`, a signal, or the terminal is gone.
        case end
        case resized
        case suspended
    }

    /// Shows `first` and what comes after it, until somebody ends it; the terminal is as before then.
    func show(_ first: consuming MonitorWatch) throws(Complaint) {
        var watch = first
        var left = count ?? .max
        do {
            let signals = try Signals(and: [Signals.resized, Signals.suspended])
            var terminal = try Terminal()
            try terminal.enter()
            while left > 0 {
                try draw(watch.state, on: terminal)
                switch try wait(for: watch, signals, terminal) {
                case .end: return
                case .resized: continue
                case .suspended:
                    terminal.leave()
                    Signals.stop()
                    try terminal.enter()
                case .due:
                    try watch.ask()
                    left -= 1
                }
            }
        } catch let complaint as Complaint {
            throw complaint
        } catch let error as Errno where error == .inputOutput {
            // The terminal went away, and whoever looked at it with it.
        } catch {
            throw Complaint(
                "cannot draw on the terminal", error as? Errno ?? .inputOutput,
                whatNow: "is the limit of open files ('ulimit -n') reached? 'iptund monitor NAME | cat' prints lines")
        }
    }

    private func draw(_ state: MonitorState, on terminal: borrowing Terminal) throws(Errno) {
        let size = terminal.size
        let view = MonitorView(columns: size.columns, rows: size.rows, parts: parts, glyphs: MonitorScreen.glyphs)
        do throws(Errno) {
            try terminal.draw(view.lines(state))
        } catch .timedOut {
            // It takes nothing just now (Ctrl-S): the next picture will be a whole one.
        }
    }

    private func wait(
        for watch: MonitorWatch, _ signals: borrowing Signals, _ terminal: borrowing Terminal
    ) throws(Errno) -> Event {
        while true {
            let rest = watch.milliseconds(from: Clock.milliseconds)
            var interests = [.next(of: signals), Terminal.hasKeys ? .standardInput : Poll.Interest.nothing]
            try Poll.wait(for: &interests, timeoutMilliseconds: Int32(rest))
            if interests[0].isReady, let signal = signals.next() {
                return signal == Signals.resized ? .resized : signal == Signals.suspended ? .suspended : .end
            }
            if interests[1].isReady {
                guard let keys = terminal.keys() else { return .end }
                if keys.contains(UInt8(ascii: "q")) || keys.contains(UInt8(ascii: "Q")) { return .end }
            }
            // Not before: a terminal that holds us up for longer than an interval must not keep signals waiting.
            if watch.milliseconds(from: Clock.milliseconds) == 0 { return .due }
        }
    }

    private static var glyphs: Sparkline.Glyphs {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(Environment.value).first { !$0.isEmpty }
        return Sparkline.Glyphs(locale: locale ?? "")
    }
}
