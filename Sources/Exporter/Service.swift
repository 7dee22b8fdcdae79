// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import FlyingFox
internal import FlyingSocks
internal import Linux

/// The server: listens, and answers with what the ``Site`` says.
struct Service: Sendable {
    let address: ListenAddress
    let scraper: Scraper

    /// Serves until it cannot listen; returns why.
    ///
    /// Once it has listened it begins again whatever happened: the library gives up listening when there are more
    /// connections than a process may have files, and closes all of them.
    func run() async -> Complaint {
        let site = Site(scraper: scraper)
        var hasListened = false
        var failures = 0
        while true {
            let server = HTTPServer(
                config: HTTPServer.Configuration(address: address.socket, timeout: 30, logger: .disabled),
                handler: ClosureHTTPHandler { request in await site.answer(request) })
            let announcement = Task {
                try await server.waitUntilListening()
                Console.writeError("iptund-exporter: serves http://\(address)/metrics\n")
                return true
            }
            do {
                try await server.run()
            } catch {
                announcement.cancel()
                if (try? await announcement.value) == true { hasListened = true }
                let reason = Service.reason(error)
                if !hasListened {
                    return Complaint(
                        "cannot listen on \(address)", why: reason,
                        whatNow: "choose another address or port with --listen")
                }
                failures += 1
                // The library does not give back all that it had: a supervisor starts a new process in time.
                if failures == Service.patience {
                    return Complaint(
                        "cannot serve on \(address)",
                        why: "\(failures) times all connections had to be closed: \(reason)",
                        whatNow: "start it again")
                }
                Console.writeError("iptund-exporter: closed all connections: \(reason); listens again\n")
            }
            // Whoever made it fail gets no more than one failure a second.
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// How often it may fail.
    private static let patience = 20

    private static func reason(_ error: any Error) -> String {
        if case SocketError.failed(_, let number, _) = error { return "\(Errno(rawValue: number))" }
        return "\(error)"
    }
}
