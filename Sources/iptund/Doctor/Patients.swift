// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Diagnosis
internal import Linux
internal import Wire

/// Which tunnels are examined.
struct Patients {
    /// Those that were asked about.
    var asked: [Patient] = []
    /// Those that run beside them.
    var others: [Patient] = []

    /// Finds the tunnel `source`, a name or a file, running or not; or one to `peer` that does not exist yet; or, when
    /// nothing is given, all that run here or died here.
    ///
    /// - Throws: with exit code 2 when nobody knows a tunnel of this name.
    static func find(_ source: String?, peer: String?, directory: String?) throws(Complaint) -> Patients {
        var patients = Patients()
        let name = source.map { ConfigurationFiles.tunnelName(of: ConfigurationFiles().path(of: $0)) }
        var all = try running(name, directory)
        if let source, let name {
            let found = all.filter { $0.name == name }
            all.removeAll { $0.name == name }
            if !found.isEmpty {
                patients.asked = found
            } else if let left = try dead(name, directory) {
                patients.asked = [left]
            } else {
                patients.asked = [try described(source)]
            }
            if let peer { try patients.narrow(to: peer) }
        } else if let peer {
            patients.asked = [try foreseen(peer)]
        } else {
            patients.asked = all + (try dead(besides: all))
            all = []
        }
        patients.others = all
        return patients
    }

    /// All that run: the one that is asked about, if it is one, may take its time.
    private static func running(_ name: String?, _ directory: String?) throws(Complaint) -> [Patient] {
        var answers: [RunningTunnels.Answer]
        if let name {
            answers = try RunningTunnels.ask(name, directory: nil) + RunningTunnels.askOthers(besides: name)
        } else {
            answers = try RunningTunnels.ask(nil, directory: nil)
        }
        if let directory { answers += try RunningTunnels.ask(nil, directory: directory) }
        var patients: [Patient] = []
        for answer in answers {
            switch answer {
            case .report(let report): patients.append(try Patient(report, directory))
            case .unreadable(let name, let error): patients.append(try Patient(silent: name, error, directory))
            }
        }
        return patients
    }

    /// What a tunnel of this name has left, if it has.
    private static func dead(_ name: String, _ directory: String?) throws(Complaint) -> Patient? {
        for place in try TunnelFinder.directories(of: name, override: directory) {
            if let patient = Patient(deadIn: place) { return patient }
        }
        return nil
    }

    private static func dead(besides running: [Patient]) throws(Complaint) -> [Patient] {
        let namespace = try explaining("cannot tell the network namespace", whatNow: "mount /proc") {
            () throws(Errno) in try NetworkNamespace.current()
        }
        return RuntimeDirectory.candidates(in: namespace).compactMap { place in
            guard !running.contains(where: { $0.name == place.name }), let patient = Patient(deadIn: place),
                patient.state?.home == namespace.inode
            else { return nil }
            return patient
        }
    }

    private static func described(_ source: String) throws(Complaint) -> Patient {
        Patient(file: source, try ConfigurationFiles().read(source).checked())
    }

    /// A tunnel that `iptund up --peer` would make.
    private static func foreseen(_ peer: String) throws(Complaint) -> Patient {
        guard let endpoint = PeerAddress(peer), isHost(endpoint) else {
            throw .usage("--peer '\(peer)'", why: "is neither an address nor a host name", whatNow: "such as 192.0.2.2")
        }
        return Patient(
            name: peer, settings: TunnelSettings(peers: [PeerSettings(endpoint: endpoint)]), standing: .down)
    }

    /// Whether one host can have the address; a name may have any.
    private static func isHost(_ endpoint: PeerAddress) -> Bool {
        if case .address(let address) = endpoint { address.isUnicast || address.isLoopback } else { true }
    }

    /// Leaves of the peers of the tunnels asked about only the one that is called `peer`, or has this address.
    /// - Throws: with exit code 2 when there is no such peer.
    private mutating func narrow(to peer: String) throws(Complaint) {
        let known = asked.flatMap { patient -> [String] in
            let reported = patient.report?.peers.flatMap { [$0.name, $0.host, $0.endpoint].compactMap(\.self) }
            return reported ?? patient.settings?.peers.flatMap { [$0.name, "\($0.endpoint)"].compactMap(\.self) } ?? []
        }
        let isVisible = asked.contains { $0.report != nil || $0.settings != nil }
        guard !isVisible || known.contains(peer) else {
            throw .usage(
                "--peer '\(peer)'", why: "is no peer of the tunnel",
                whatNow: "its peers: \(known.prefix(8).joined(separator: ", "))")
        }
        for index in asked.indices {
            asked[index].report?.peers.removeAll { ![$0.name, $0.host, $0.endpoint].contains(peer) }
            if asked[index].report == nil {
                asked[index].settings?.peers.removeAll { $0.name != peer && "\($0.endpoint)" != peer }
            }
        }
    }
}
