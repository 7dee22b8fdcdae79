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
    static func ask(
        _ name: String?, directory: String?, _ patience: ControlConnection.Patience = .subject
    ) throws(Complaint) -> [Answer] {
        let namespace = try currentNamespace()
        if let directory {
            let place = RuntimeDirectory(name: name ?? directory, namespace: namespace, override: directory)
            return ask([place], patience)
        }
        return here(ask(RuntimeDirectory.candidates(in: namespace, named: name), patience), namespace)
    }

    /// Asks all but `name`, for a command that is about that one, or about none that is there yet. However many there are
    /// that do not answer, it takes a second at most.
    static func askOthers(besides name: String?) throws(Complaint) -> [Answer] {
        let namespace = try currentNamespace()
        let places = RuntimeDirectory.candidates(in: namespace).filter { $0.name != name }
        return here(ask(places, .others), namespace)
    }

    private static func currentNamespace() throws(Complaint) -> NetworkNamespace {
        try explaining("cannot tell the network namespace", whatNow: "mount /proc") {
            () throws(Errno) in try NetworkNamespace.current()
        }
    }

    /// A tunnel of another namespace may lie under the plain name.
    private static func here(_ answers: [Answer], _ namespace: NetworkNamespace) -> [Answer] {
        answers.filter { if case .report(let report) = $0 { report.namespace == namespace.inode } else { true } }
    }

    /// The tunnels of this network namespace that are not up, and whose kill switch stands, as far as we may know.
    static func withKillSwitchAlone() -> [String] {
        guard let namespace = try? currentNamespace() else { return [] }
        return RuntimeDirectory.candidates(in: namespace).filter { place in
            Patient(deadIn: place)?.state?.killSwitch.isEmpty == false
        }.map(\.name)
    }

    /// Why `show` has nothing to show of a tunnel by this name.
    static func complaint(about name: String, directory: String?) -> Complaint {
        if directory == nil, withKillSwitchAlone().contains(name) {
            return Complaint(
                "tunnel \(name) is not up", why: "and its kill switch stands",
                whatNow: "start it again, or lift that: 'iptund down \(name)'")
        }
        return Complaint(
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
        switch error {
        case .permissionDenied, .notPermitted:
            return Complaint(
                "tunnel \(name) does not answer", error, whatNow: "run it as root or as a member of group iptund")
        case .protocolError, .fileTooLarge:
            return Complaint(
                "tunnel \(name)", why: "answers what no tunnel says, or too much of it",
                whatNow: "what listens at its control.sock ('ss -xlp')? restart the tunnel")
        case .timedOut:
            return Complaint(
                "tunnel \(name) does not answer", why: "nothing came in time",
                whatNow: "it is busy, stopped ('ps' says T), or just ending; try again")
        default:
            return Complaint(
                "tunnel \(name) does not answer", error, whatNow: "it is busy, stopped, or just ending; try again")
        }
    }

    /// Asks those that have these directories.
    static func ask(_ places: [RuntimeDirectory], _ patience: ControlConnection.Patience) -> [Answer] {
        let questions = places.map { ControlQuestion($0.controlSocket, ControlRequest.show, attempts: 3) }
        ControlConnection.ask(questions, patience)
        return zip(places, questions).compactMap { place, question in
            do throws(Errno) {
                return .report(try report(in: try question.outcome?.get() ?? []))
            } catch {
                if [.noSuchFile, .connectionRefused].contains(error) { return nil }
                return .unreadable(name: place.name, error)
            }
        }
    }

    /// The report in an answer to `show`.
    /// - Throws: `Errno.permissionDenied` or `.protocolNotSupported`; `.protocolError` for anything that is no report.
    private static func report(in answer: [UInt8]) throws(Errno) -> TunnelReport {
        if ControlAnswer(json: answer)?.code == .forbidden { throw .permissionDenied }
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
