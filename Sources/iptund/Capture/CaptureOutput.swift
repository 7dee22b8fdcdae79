// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Tunnel
internal import Wire

/// Where captured packets go: into a file, a pipe, or as lines onto a terminal.
struct CaptureOutput: ~Copyable {
    private let target: Descriptor
    private let form: Form
    private var file = CaptureFile(start: Clock.wall)
    /// Nobody reads any more.
    private(set) var isClosed = false

    /// What is written.
    enum Form {
        case lines
        case capture
    }

    /// Opens `path`; `nil` is standard output, and `-` too.
    /// - Parameter replacing: whether a file that is there may be overwritten.
    static func open(_ path: String?, replacing: Replacing) throws(Complaint) -> CaptureOutput {
        guard let path, path != "-" else {
            let isTerminal = Console.isOutputTerminal
            guard !(isTerminal && path == "-") else {
                throw .usage(
                    "standard output", why: "is a terminal, and a capture file is not text",
                    whatNow: "leave -w out for lines, or pipe it: 'iptund capture NAME -w - | tshark -r -'")
            }
            return CaptureOutput(target: Console.output, form: isTerminal ? .lines : .capture)
        }
        if replacing == .nothing, (try? Files.status(path))?.isRegular == true {
            throw Complaint(path, why: "is there already", whatNow: "choose another name, or overwrite it with --force")
        }
        let target = try explaining("cannot write \(path)", whatNow: "give another file with -w") {
            () throws(Errno) in try Files.create(path)
        }
        return CaptureOutput(target: target, form: .capture)
    }

    /// What becomes of a file that is there.
    enum Replacing {
        case nothing
        case file
    }

    private init(target: consuming Descriptor, form: Form) {
        self.target = target
        self.form = form
    }

    /// Says whose packets follow.
    mutating func begin(tunnel: String, snapLength: Int) throws(Complaint) {
        guard form == .capture else { return }
        let release = (try? Files.read("/proc/sys/kernel/osrelease"))?.split(separator: "\n").first ?? "?"
        try write(CaptureFile.beginning(tunnel: tunnel, system: "Linux \(release)", snapLength: snapLength))
    }

    /// Packets, in the order of time. Until now the tunnel had lost `lost` records.
    mutating func add(_ records: some Sequence<PacketRecord>, lost: UInt64) throws(Complaint) {
        var octets: [UInt8] = []
        for record in records {
            switch form {
            case .lines: octets += Array("\(Dissector.line(record))\n".utf8)
            case .capture: octets += file.blocks(record, lost: lost)
            }
            // Not all at once: a round may be as large as the tunnel's buffer.
            if octets.count > 1 << 20 {
                try write(octets)
                octets = []
            }
        }
        try write(octets)
    }

    /// Says that nothing follows.
    mutating func end(lost: UInt64) throws(Complaint) {
        if form == .capture { try write(file.end(at: Clock.wall, lost: lost)) }
    }

    private mutating func write(_ octets: [UInt8]) throws(Complaint) {
        guard !isClosed, !octets.isEmpty else { return }
        do throws(Errno) {
            try target.write(octets)
        } catch .brokenPipe {
            isClosed = true
        } catch {
            throw Complaint("cannot write what was captured", error, whatNow: "is the disk full?")
        }
    }
}
