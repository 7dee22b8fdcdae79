// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration
internal import Linux

/// `iptund monitor`: rates of a tunnel as they are now, on a screen or line by line.
struct Monitor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch what a tunnel carries and drops.",
        discussion: """
            On a terminal it fills the screen until 'q'; otherwise it prints a line for each interval.

            Exit status: 0, or 1 when the tunnel is not up, ends meanwhile, or does not answer at first.
            """)

    @Argument(help: "The tunnel.")
    var name: String

    @Flag(help: "Only drops by reason, with the headers of packets dropped lately.")
    var drops = false

    @Flag(help: "Only the peers.")
    var peers = false

    @Flag(help: "An object of JSON in a line for each interval, with \"schema\": 2.")
    var json = false

    @Option(help: ArgumentHelp("How long an interval is, 0.1 to 3600.", valueName: "seconds"))
    var interval = 1.0

    @Option(help: ArgumentHelp("End after so many intervals.", valueName: "n"))
    var count: Int?

    @OptionGroup var location: RuntimeOption

    func run() throws {
        guard (0.1...3600).contains(interval) else {
            throw Complaint.usage(
                "--interval \(interval)", why: "not from 0.1 to 3600 seconds", whatNow: "take 1, for instance")
        }
        if let count, count < 1 {
            throw Complaint.usage("--count \(count)", why: "less than 1", whatNow: "leave it out to go on for ever")
        }
        let watch = try MonitorWatch(
            name, directory: location.directory, parts, milliseconds: UInt64(interval * 1000))
        if Console.isOutputTerminal && !json {
            try MonitorScreen(parts: parts, count: count).show(watch)
        } else {
            try printLines(of: watch)
        }
    }

    /// What was asked for; both when nothing was said.
    private var parts: MonitorParts {
        let asked: MonitorParts = [drops ? .drops : [], peers ? .peers : []]
        return asked.isEmpty ? [.drops, .peers] : asked
    }

    /// How many dropped packets follow a line.
    private static let sampleLimit = 5

    /// Whoever wants it to end sends a signal or stops reading: both end it where it stands.
    private func printLines(of first: consuming MonitorWatch) throws {
        Console.bufferOutputByLine()
        var watch = first
        var left = count ?? .max
        while left > 0 {
            var interests = [Poll.Interest.nothing]
            try Poll.wait(for: &interests, timeoutMilliseconds: Int32(watch.milliseconds(from: Clock.milliseconds)))
            try watch.ask()
            let time = Clock.wall
            if let trouble = watch.state.trouble { standardError("iptund: \(trouble)") }
            if watch.state.trouble == nil {
                print(
                    json
                        ? try MonitorDocument(watch.state, parts, at: time).json()
                        : MonitorText.line(watch.state, parts, at: time))
                if !json { watch.state.newSamples.suffix(Monitor.sampleLimit).forEach { print("  \($0.printable)") } }
            }
            left -= 1
        }
    }
}
