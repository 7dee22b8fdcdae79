// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// The tunnels of this network namespace, asked over their control sockets.
enum RunningTunnels {
    /// What asking one of them came to.
    enum Answer {
        case report(TunnelReport)
        /// It is there, but does not talk to us.
        case unreadable(name: String, Errno)
    }

    /// Asks `name`, or everyone there is when it is `nil`. Left-over directories of dead tunnels are passed over.
    static func ask(_ name: String?, directory: String?) throws(Complaint) -> [Answer] {
        let namespace = try explaining("cannot tell the network namespace", whatNow: "mount /proc") {
            () throws(Errno) in try NetworkNamespace.current()
        }
        if let directory {
            let place = RuntimeDirectory(name: name ?? directory, namespace: namespace, override: directory)
            return [ask(place)].compactMap(\.self)
        }
        return RuntimeDirectory.candidates(in: namespace, named: name).compactMap(ask).filter {
            if case .report(let report) = $0 { report.namespace == namespace.inode } else { true }
        }
    }

    /// Why `show` has nothing to show of a tunnel by this name.
    static func complaint(about name: String, directory: String?) -> Complaint {
        Complaint(
            "no tunnel '\(name)' is up here",
            why: "nobody answers " + (directory.map { "at \($0)/control.sock" } ?? "under that name"),
            whatNow: "'iptund' lists the tunnels of this network namespace, 'iptund --help' the verbs")
    }

    /// Why a tunnel that is there does not talk to us.
    static func complaint(aboutUnreadable name: String, _ error: Errno) -> Complaint {
        if error == .protocolNotSupported {
            return Complaint(
                "tunnel \(name) cannot be read", why: "its daemon runs another version of iptund",
                whatNow: "restart the tunnel")
        }
        let isForbidden = error == .permissionDenied || error == .notPermitted
        let whatNow =
            isForbidden
            ? "run it as root or as a member of group iptund" : "it is busy, stopped, or just ending; try again"
        return Complaint("tunnel \(name) does not answer", error, whatNow: whatNow)
    }

    private static func ask(_ place: RuntimeDirectory) -> Answer? {
        do throws(Errno) {
            let bytes = try ControlConnection.ask(place.controlSocket, "show")
            return .report(try report(in: bytes))
        } catch {
            if [.noSuchFile, .connectionRefused].contains(error) { return nil }
            return .unreadable(name: place.name, error)
        }
    }

    /// The report in an answer to `show`.
    /// - Throws: `Errno.permissionDenied` or `.protocolNotSupported`; `.protocolError` for anything that is no report.
    private static func report(in answer: [UInt8]) throws(Errno) -> TunnelReport {
        if ControlAnswer(json: answer)?.error == ControlAccess.refusal { throw .permissionDenied }
        let document: ReportDocument
        do {
            document = try ReportDocument(json: answer)
        } catch {
            throw error as? Errno ?? .protocolError
        }
        guard let report = document.tunnels.first else { throw .protocolError }
        return report
    }
}
