// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration
internal import Glibc
internal import Linux

/// `iptund-exporter`: serves what `iptund metrics` prints over HTTP, for Prometheus.
///
/// It asks nobody but that program, and needs no privilege but to be in the group iptund.
struct Exporter: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "iptund-exporter",
        abstract: "Serve metrics of all IP-in-IP tunnels of this network namespace for Prometheus.",
        discussion: """
            GET /metrics runs 'iptund metrics', once a second at most. Run it as an ordinary user in the group iptund.

            Exit status: 0 ended by a signal, 1 failed, 2 wrong usage.
            """,
        version: Exporter.version)

    @Option(
        help: ArgumentHelp("Where to listen: 127.0.0.1:20030, [::1]:20030.", valueName: "address:port"))
    var listen = "127.0.0.1:20030"

    /// That of iptund, which it is released with.
    static let version = "0.1.0"

    func run() throws {
        let address = try ListenAddress(listen)
        let signals: Signals
        do {
            // Before any thread starts, so that none of them is interrupted.
            signals = try Signals()
        } catch {
            throw Complaint("cannot receive signals", why: "\(error)", whatNow: "start it again")
        }
        let service = Service(address: address, scraper: Scraper(program: Exporter.program))
        Task.detached {
            let complaint = await service.run()
            Console.writeError("iptund-exporter: \(complaint)\n")
            Glibc.exit(complaint.exitCode)
        }
        var ending = [Poll.Interest.next(of: signals)]
        try Poll.wait(for: &ending, timeoutMilliseconds: -1)
        // Nobody is asked to finish: a scraper that is cut off asks again.
        Glibc.exit(0)
    }

    /// The `iptund` that belongs to this program: the one beside it, or else the first in PATH.
    private static var program: String {
        guard let own = Environment.program, let end = own.lastIndex(of: "/") else { return "iptund" }
        let neighbour = "\(own[..<end])/iptund"
        return Files.exists(neighbour) ? neighbour : "iptund"
    }
}

/// Starts the program; errors are one line and end as those of iptund do.
@main
enum Main {
    static func main() {
        Console.openMissingStreams()
        do {
            var command = try Exporter.parseAsRoot()
            try command.run()
        } catch let complaint as Complaint {
            Console.writeError("iptund-exporter: \(complaint)\n")
            Glibc.exit(complaint.exitCode)
        } catch {
            if Exporter.exitCode(for: error) != .validationFailure { Exporter.exit(withError: error) }
            let message = Exporter.message(for: error).split(separator: "\n").joined(separator: " ")
            Console.writeError("iptund-exporter: \(message); see 'iptund-exporter --help'\n")
            exit(2)
        }
    }
}
