// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Configuration
import Glibc
import Linux
import Testing
@testable import iptund

@Suite struct ConfigurationFilesTests {
    /// A directory for the time of `body`, and what reads from it.
    private func inDirectory(_ body: (ConfigurationFiles, String) throws -> Void) throws {
        try withTemporaryDirectory { path in
            defer { _ = try? ChildProcess.run(["sh", "-c", "rm -r \(path)/*"]) }
            try body(ConfigurationFiles(directory: path), path)
        }
    }

    private func write(_ text: String, _ path: String, mode: UInt32 = 0o644) throws {
        try Files.createNew(path, Array(text.utf8), mode: mode)
    }

    private let smallest = "[Peer]\nEndpoint = 192.0.2.1\n"

    @Test(arguments: [("b", "/etc/iptund/b.conf"), ("b.conf", "b.conf"), ("./b", "./b"), ("/x/b", "/x/b")])
    func `a name stands for a file, a path for itself`(source: String, path: String) {
        #expect(ConfigurationFiles().path(of: source) == path)
    }

    @Test func `a tunnel is called like its file`() throws {
        try inDirectory { files, directory in
            try write(smallest, "\(directory)/tunl-b.conf")
            #expect(try files.read("tunl-b").checked().device?.text == "tunl-b")
            try write(smallest, "\(directory)/c")
            #expect(try files.read("\(directory)/c").checked().device?.text == "c")
            try write(smallest, "\(directory)/much-too-long-a-name.conf")
            #expect(try files.read("much-too-long-a-name").mistakes.count == 1)
        }
    }

    @Test func `drop-ins are read in order, and nothing else beside them`() throws {
        try inDirectory { files, directory in
            try write("[Interface]\nMTU = 1400\n" + smallest, "\(directory)/b.conf")
            try Files.makeDirectory("\(directory)/b.conf.d", mode: 0o755)
            try write("[Interface]\nMTU = 1300", "\(directory)/b.conf.d/20.conf")
            try write("[Interface]\nMTU = 1200\nTTL = x", "\(directory)/b.conf.d/10.conf")
            for name in ["30.conf~", ".40.conf", "README"] { try write("nonsense", "\(directory)/b.conf.d/\(name)") }
            let found = try files.read("b")
            #expect(found.settings.mtu == 1300)
            #expect(found.mistakes.map { "\($0.place)" } == ["\(directory)/b.conf.d/10.conf:3:7"])
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root")) func `whoever could write it could be root`() throws {
        try inDirectory { files, directory in
            let (file, dropIns) = ("\(directory)/b.conf", "\(directory)/b.conf.d")
            try write(smallest, file)
            try Files.makeDirectory(dropIns, mode: 0o755)
            try write("", "\(dropIns)/1.conf")
            _ = try files.read("b").checked()
            for path in [file, dropIns, "\(dropIns)/1.conf"] {
                for mode in [0o664, 0o646, 0o666] as [UInt32] {
                    Files.setMode(path, mode | 0o100)
                    let complaint = #expect(throws: Complaint.self) { try files.read("b") }
                    #expect(complaint?.what == path && complaint?.whatNow.contains("chmod go-w \(path)") == true)
                    #expect(complaint?.exitCode == 2)
                }
                Files.setMode(path, 0o755)
                Files.give(path, user: 1_234, group: 0)
                let complaint = #expect(throws: Complaint.self) { try files.read("b") }
                #expect(complaint?.what == path && complaint?.why.hasPrefix("belongs to user 1234, ") == true)
                Files.give(path, user: 0, group: 1_234)
                _ = try files.read("b").checked()
            }
        }
    }

    @Test func `what is no file neither blocks nor fills us`() throws {
        try inDirectory { files, directory in
            #expect(unsafe mkfifo("\(directory)/fifo.conf", 0o644) == 0)
            #expect(unsafe symlink("/dev/zero", "\(directory)/zero.conf") == 0)
            try Files.makeDirectory("\(directory)/directory.conf", mode: 0o755)
            for name in ["fifo", "zero", "directory"] {
                let complaint = #expect(throws: Complaint.self) { try files.read(name) }
                #expect(complaint?.why == "is no regular file")
            }
            let missing = #expect(throws: Complaint.self) { try files.read("missing") }
            #expect(missing?.what == "\(directory)/missing.conf" && missing?.why == "No such file or directory")
            try write("", "\(directory)/large.conf")
            #expect(unsafe truncate("\(directory)/large.conf", ConfigurationText.sizeLimit + 1) == 0)
            #expect(throws: Complaint.self) { try files.read("large") }
        }
    }

    @Test func `what flags say is saved once, and reads back`() throws {
        try inDirectory { files, directory in
            let flags = ["--peer", "192.0.2.1", "--ttl", "9", "--allowed-ips", "10.0.0.0/8", "--save", "b"]
            let place = ConfigurationFiles(directory: directory + "/new")
            let request = try Up.parse(flags).request(place)
            #expect(request.settings.device?.text == "b")
            let copy = try #require(request.copy)
            #expect(!Files.exists(copy.path))
            try copy.write()
            #expect(try Files.status(copy.path).mode == 0o644)
            #expect(try Files.status(place.directory).mode == 0o755)
            #expect(try place.read("b").checked() == request.settings)
            #expect(copy.preview == "[#] cat > \(copy.path) <<'END'\n\(try Files.read(copy.path))END\n")
            let again = #expect(throws: Complaint.self) { try copy.write() }
            #expect(again?.why == "\(copy.path) is there already")
            #expect(throws: try #require(again)) { try Up.parse(flags).request(place) }
        }
    }

    @Test func `a saved tunnel may have a device of another name`() throws {
        try inDirectory { files, _ in
            let flags = ["--peer", "192.0.2.1", "--device", "c", "--save", "much-too-long-a-name"]
            let request = try Up.parse(flags).request(files)
            #expect(request.settings.device?.text == "c")
            try request.copy?.write()
            #expect(try files.read("much-too-long-a-name").checked() == request.settings)
        }
    }

    @Test(arguments: [".b", "-b", "a/b", "a b", "much-too-long-a-name"])
    func `a name that is none is refused before anything is done`(name: String) throws {
        let up = try Up.parse(["--peer", "192.0.2.1", "--save=\(name)"])
        let complaint = #expect(throws: Complaint.self) { try up.request() }
        #expect(complaint?.what == "--save '\(name)'")
        #expect(complaint?.exitCode == 2)
    }
}
