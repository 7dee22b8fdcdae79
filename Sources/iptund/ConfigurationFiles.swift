// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// The files that describe tunnels.
///
/// What stands in them is done as root, so nobody may be able to write them but root and whoever runs us.
struct ConfigurationFiles {
    /// Where names are looked up.
    var directory = "/etc/iptund"

    /// What `source` stands for: a path when it looks like one, or else the name of a tunnel.
    func path(of source: String) -> String {
        source.contains("/") || source.hasSuffix(".conf") ? source : path(named: source)
    }

    /// The file of the tunnel of this name.
    func path(named name: String) -> String { "\(directory)/\(name).conf" }

    /// Reads a file and its drop-ins, `FILE.d/*.conf` in the order of their names, and says what they mean.
    /// - Throws: why a file cannot be read, or must not be trusted: exit code 2, since to try again does not help.
    func read(_ source: String) throws(Complaint) -> Interpretation {
        let path = path(of: source)
        var draft = ConfigurationText.read(try contents(path), file: path)
        for dropIn in try dropIns(of: path) {
            draft.add(dropIn: ConfigurationText.read(try contents(dropIn), file: dropIn))
        }
        try ConfigurationFiles.check(name: ConfigurationFiles.tunnelName(of: path), path)
        draft.nameDevice(ConfigurationFiles.tunnelName(of: path))
        return Interpretation(draft)
    }

    /// What a tunnel is called is the name of its directory, and stands in lines of the log.
    private static func check(name: String, _ path: String) throws(Complaint) {
        let allowed = name.utf8.allSatisfy { octet in
            let character = Character(UnicodeScalar(octet))
            return character.isASCII && (character.isLetter || character.isNumber || "-_.".contains(character))
        }
        guard allowed, (1...64).contains(name.utf8.count), name.first != ".", name.first != "-" else {
            throw .usage(
                path, why: "its name is none that a tunnel can have",
                whatNow: "use up to 64 letters, digits, '-', '_' or '.'")
        }
    }

    /// What the tunnel of a file is called.
    static func tunnelName(of path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.hasSuffix(".conf") ? String(name.dropLast(5)) : name
    }

    private func dropIns(of path: String) throws(Complaint) -> [String] {
        let directory = "\(path).d"
        let (status, names): (FileStatus, [String])
        do throws(Errno) {
            (status, names) = (try Files.status(directory), try Files.entries(directory))
        } catch .noSuchFile {
            return []
        } catch {
            throw ConfigurationFiles.unreadable(directory, error)
        }
        try ConfigurationFiles.check(status, directory)
        return names.filter { $0.hasSuffix(".conf") && !$0.hasPrefix(".") }.map { "\(directory)/\($0)" }
    }

    /// What is checked is what was opened, not what the name may stand for by then.
    private func contents(_ path: String) throws(Complaint) -> [UInt8] {
        let content: Files.Content
        do throws(Errno) {
            content = try Files.content(path, limit: ConfigurationText.sizeLimit)
        } catch {
            throw ConfigurationFiles.unreadable(path, error)
        }
        try ConfigurationFiles.check(content.status, path)
        return content.bytes
    }

    private static func check(_ status: FileStatus, _ path: String) throws(Complaint) {
        guard [0, User.current.id].contains(status.owner) else {
            throw .usage(
                path, why: "belongs to user \(status.owner), who could then decide what is done as root",
                whatNow: "look through it, then 'chown root \(path)'")
        }
        guard status.mode & 0o022 == 0 else {
            throw .usage(
                path, why: "may be written by others than its owner, who could then decide what is done as root",
                whatNow: "look through it, then 'chmod go-w \(path)'")
        }
    }

    private static func unreadable(_ path: String, _ error: Errno) -> Complaint {
        switch error {
        case .noSuchFile:
            .usage(path, why: "\(error)", whatNow: "check the name; 'iptund up --peer HOST --save NAME' writes one")
        case .invalidArgument: .usage(path, why: "is no regular file", whatNow: "give a file")
        case .fileTooLarge:
            .usage(path, why: "longer than \(ConfigurationText.sizeLimit >> 20) MiB", whatNow: "is it the right one?")
        default: .usage(path, why: "\(error)", whatNow: "check the file")
        }
    }
}
