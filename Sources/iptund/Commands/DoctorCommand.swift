// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration
internal import Diagnosis
internal import Linux

/// `iptund doctor`: what is wrong, what it was seen by, and the command that mends it.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what is wrong with a tunnel, or with the host that it runs on.",
        usage: "iptund doctor [NAME|FILE] [--peer HOST] [options]",
        discussion: """
            Before a tunnel is up, with a file or with --peer alone: will it work? While it is up, and after it failed: \
            what is wrong? Without a name, all tunnels of this network namespace are looked at. A running tunnel is \
            watched for a second.

            It changes nothing. Root sees most; for others, what could not be seen is "unknown".

            Exit status: 0 fine, 1 something is broken, 3 there are warnings or checks that could not be made, 2 wrong \
            usage.
            """)

    @Argument(help: ArgumentHelp("The tunnel; all of them when left out.", valueName: "name|file"))
    var source: String?

    @Option(
        help: ArgumentHelp("Only this peer; without a name, a tunnel to it that does not exist yet.", valueName: "host")
    )
    var peer: String?

    @Flag(help: "As JSON, with \"schema\": 2.")
    var json = false

    @Flag(help: "Print also what is well.")
    var verbose = false

    @Option(
        help: ArgumentHelp(
            "Watch for so long, 1 to 600, and listen to why the kernel drops packets. Ctrl-C ends it early.",
            valueName: "seconds"))
    var watch: Int?

    @OptionGroup var location: RuntimeOption

    /// How long counters are watched, milliseconds.
    private static let window: UInt64 = 1_000

    func run() throws {
        if let watch, !(1...600).contains(watch) {
            throw Complaint.usage("--watch \(watch)", why: "is not 1 to 600 seconds", whatNow: "such as --watch 10")
        }
        let patients = try Patients.find(source, peer: peer, directory: location.directory)
        let host = try Examination(patients).finish(
            after: watch.map { UInt64($0) * 1_000 } ?? DoctorCommand.window, listening: watch == nil ? .off : .on)
        let findings = Doctor.examine(host)
        if json {
            print(try DoctorDocument(findings).json)
        } else {
            let isColoured = Console.isOutputTerminal && Environment.value("NO_COLOR").map(\.isEmpty) ?? true
            let text = DoctorText(
                style: isColoured ? .coloured : .plain, extent: verbose ? .everything : .troubles)
            print(text.text(findings), terminator: "")
        }
        let code = DoctorCommand.exitCode(findings)
        if code != 0 { throw ExitCode(code) }
    }

    /// How the process ends.
    static func exitCode(_ findings: [Finding]) -> Int32 {
        switch findings.map(\.verdict).max(by: { $0.weight < $1.weight }) {
        case .broken: 1
        case .warning, .unknown: 3
        default: 0
        }
    }
}

extension Verdict {
    fileprivate var weight: Int { Verdict.allCases.firstIndex(of: self) ?? 0 }
}
