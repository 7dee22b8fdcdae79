// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Diagnosis
internal import Linux
internal import Wire

/// A tunnel that is examined: what is known of it before the host is looked at.
struct Patient {
    let name: String
    /// What it says of itself, if it runs.
    var report: TunnelReport?
    /// The same at the end of the time that is watched.
    var later: TunnelReport?
    /// The same when its peers had been tried after that.
    var latest: TunnelReport?
    /// What it was asked to be; `nil` when nobody may tell us.
    var settings: TunnelSettings?
    /// What it wrote down of its changes, if there is that and we may read it.
    var state: TunnelState?
    var standing: TunnelSnapshot.Standing
    /// Whether it was asked at the end of the time that is watched.
    var isAskedAgain = false
    /// The file that describes it, where it does not run.
    var file: String?
    /// Where its files lie, if it has any.
    var directory: RuntimeDirectory?

    /// The network namespace that its device is in, if that is not ours.
    var namespaceName: String? { settings?.namespace ?? state?.namespaceName }
}

extension Patient {
    /// One that runs.
    init(_ report: TunnelReport, _ directory: String?) throws(Complaint) {
        self.init(name: report.name, report: report, standing: .running(problem: report.problem))
        look(in: try TunnelFinder.directories(of: report.name, override: directory))
    }

    /// One that does not answer.
    init(silent name: String, _ error: Errno, _ directory: String?) throws(Complaint) {
        let isForbidden = [.permissionDenied, .notPermitted].contains(error)
        self.init(name: name, standing: isForbidden ? .hidden("\(error)") : .silent("\(error)"))
        look(in: try TunnelFinder.directories(of: name, override: directory))
    }

    /// One that nobody runs, but which has left something; `nil` when it has not.
    init?(deadIn directory: RuntimeDirectory) {
        guard let state = (try? TunnelState.read(directory.state)) ?? nil, Patient.isReal(state, directory),
            !Patient.isLocked(directory.lock)
        else { return nil }
        self.init(
            name: directory.name, state: state, standing: .failed("its daemon is gone and left \(directory.state)"),
            directory: directory)
        settings = Patient.settings(state)
    }

    /// One that a file describes.
    init(file source: String, _ settings: TunnelSettings) {
        let files = ConfigurationFiles()
        self.init(
            name: ConfigurationFiles.tunnelName(of: files.path(of: source)), settings: settings, standing: .down)
        file = files.path(of: source)
        if let unit = Patient.failedUnit(of: name) { standing = .failed("systemd says that \(unit) has failed") }
    }

    /// The unit of a tunnel, if systemd has tried to start it in vain.
    private static func failedUnit(of name: String) -> String? {
        guard Files.exists("/run/systemd/system") else { return nil }
        let unit = "iptund@\(name).service"
        let question = ["timeout", "2", "systemctl", "is-failed", "--quiet", unit]
        return (try? ChildProcess.run(question))?.status == 0 ? unit : nil
    }

    private mutating func look(in directories: [RuntimeDirectory]) {
        for place in directories {
            guard let state = try? TunnelState.read(place.state) else { continue }
            (self.state, directory) = (state, place)
        }
        settings =
            state.flatMap(Patient.settings)
            ?? (try? ConfigurationFiles().read(name)).flatMap { try? $0.checked() }
    }

    private static func settings(_ state: TunnelState) -> TunnelSettings? {
        let draft = ConfigurationText.read(Array(state.configuration.utf8), file: state.file ?? state.name)
        return try? Interpretation(draft).checked()
    }

    /// Whether what is listed may still be there.
    private static func isReal(_ state: TunnelState, _ directory: RuntimeDirectory) -> Bool {
        do throws(Complaint) {
            switch try Testimony(state: state, author: 0).place(of: directory) {
            case .some: return true
            case .none: return false
            }
        } catch {
            // It is in a namespace that we may not enter.
            return state.boot == TunnelState.currentBoot
        }
    }

    /// Whether somebody holds the lock, as a tunnel does that is just starting. Taking it to see would be a change.
    private static func isLocked(_ path: String) -> Bool {
        guard let inode = try? Files.inode(path), let locks = try? Files.read("/proc/locks") else { return false }
        return locks.contains(":\(inode) ")
    }
}
