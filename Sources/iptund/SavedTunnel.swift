// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// A configuration file that does what flags did: `up --save`.
struct SavedTunnel {
    /// Where it goes.
    let path: String
    /// The settings, with a device that is called like the tunnel unless they said otherwise.
    let settings: TunnelSettings
    private let text: String
    private let directory: String

    /// What is to be saved as `name`.
    /// - Throws: why there cannot be such a file: exit code 2.
    init(_ settings: TunnelSettings, name: String, _ files: ConfigurationFiles) throws(Complaint) {
        let isPlain = name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") }
        guard isPlain, (1...200).contains(name.utf8.count), name.first != ".", name.first != "-" else {
            throw .usage(
                "--save '\(name)'", why: "not a name for a file", whatNow: "such as b, for \(files.path(named: "b"))")
        }
        let device = DeviceName(name)
        guard let chosen = settings.device ?? device else {
            throw .usage("--save '\(name)'", why: "is none that a device can have", whatNow: "give --device too")
        }
        path = files.path(named: name)
        directory = files.directory
        guard !Files.exists(path) else { throw SavedTunnel.exists(path) }
        var written = settings
        if written.device == device { written.device = nil }
        text = ConfigurationText.render(written)
        var settings = settings
        settings.device = chosen
        self.settings = settings
    }

    /// The command that one could type to write it.
    var preview: String { "[#] cat > \(path) <<'END'\n\(text)END\n" }

    /// Writes it, never over another one.
    func write() throws(Complaint) {
        do throws(Errno) {
            try Files.makeDirectory(directory, mode: 0o755)
            try Files.createNew(path, Array(text.utf8), mode: 0o644)
        } catch .exists {
            throw SavedTunnel.exists(path)
        } catch {
            throw Complaint("cannot write \(path)", error, whatNow: "leave --save out")
        }
    }

    private static func exists(_ path: String) -> Complaint {
        .usage("--save", why: "\(path) is there already", whatNow: "choose another name, or remove it first")
    }
}
