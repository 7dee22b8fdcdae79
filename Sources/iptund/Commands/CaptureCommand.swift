// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration
internal import Linux
internal import Tunnel
internal import Wire

/// `iptund capture`: what passes a tunnel, outside and inside, and why packets are dropped.
struct CaptureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capture",
        abstract: "Write the packets of a tunnel, outside and inside, into a file for Wireshark.",
        discussion: """
            Packets that are dropped have the reason as a comment. Without -w, a terminal shows lines, and a pipe gets the \
            file: 'iptund capture b | tshark -r -', 'iptund capture b | wireshark -k -i -'. Ends with Ctrl-C. A reader that is \
            too slow misses packets, and the tunnel never waits for it.
            """)

    @Argument(help: "The tunnel.")
    var name: String

    @Option(
        name: [.customShort("w"), .customLong("write")], help: "The file to write, in pcapng; - is standard output.")
    var file: String?

    @Flag(help: "Overwrite the file if it is there.")
    var force = false

    @Option(name: .shortAndLong, help: "End after that many packets of the tunnel.")
    var count: Int?

    @Option(name: .customLong("snaplen"), help: "Octets to keep of a packet, 96 to 65535.")
    var snapLength = IPv4Packet.maximumLength

    @Option(help: "KiB that the tunnel sets aside for packets on their way here, 64 to 65536.")
    var buffer = 4_096

    @Flag(help: "Only packets that are dropped.")
    var dropsOnly = false

    @OptionGroup var location: RuntimeOption

    func validate() throws {
        guard TapOrder.Limit.snapLength.contains(snapLength) else {
            throw ValidationError("--snaplen is from 96 to 65535 octets")
        }
        guard (64...65_536).contains(buffer) else { throw ValidationError("--buffer is from 64 to 65536 KiB") }
        guard count ?? 1 > 0 else { throw ValidationError("--count is 1 or more") }
    }

    func run() throws {
        let signals = try Signals()
        var order = TapOrder.capture(snapLength: snapLength, buffer: buffer << 10)
        if dropsOnly { order.content = .drops }
        var connection = try TapConnection.open(name, directory: location.directory, order)
        var output = try CaptureOutput.open(file, replacing: force ? .file : .nothing)
        try output.begin(tunnel: name, snapLength: snapLength)
        standardError("iptund: capturing \(name)")
        let seen = try copy(from: &connection, to: &output, until: signals)
        try output.end(lost: connection.lost)
        standardError("iptund: \(seen) packets, \(connection.lost) lost")
    }

    /// How long a tunnel may take to send the rest, milliseconds.
    private static let patience: UInt64 = 2_000

    /// Until it is asked to end, has enough, nobody reads, or the tunnel ends. Returns how many packets there were.
    private func copy(
        from connection: inout TapConnection, to output: inout CaptureOutput, until signals: borrowing Signals
    ) throws(Complaint) -> Int {
        var (seen, endsAt) = (0, UInt64.max)
        while !connection.isOver, !output.isClosed, seen < count ?? .max, Clock.milliseconds < endsAt {
            var interests: [Poll.Interest] = [.next(of: signals), connection.interest]
            try explaining("cannot wait", whatNow: "this should not happen") { () throws(Errno) in
                try Poll.wait(for: &interests, timeoutMilliseconds: endsAt == .max ? -1 : 100)
            }
            if interests[0].isReady, signals.next() != nil {
                guard endsAt == .max else { break }
                endsAt = Clock.milliseconds + CaptureCommand.patience
                connection.finish()
            }
            let records = try connection.receive().prefix((count ?? .max) - seen)
            try output.add(records, lost: connection.lost)
            seen += records.count
        }
        return seen
    }
}
