// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
@testable import iptund

/// `make install` and `make uninstall`, always below a DESTDIR: nothing is done to this system.
@Suite struct InstallTests {
    /// What there is after `make install`, with the modes that it has whatever the umask.
    private static let installed = [
        "644 usr/local/lib/systemd/system/iptund-exporter.service",
        "644 usr/local/lib/systemd/system/iptund@.service",
        "644 usr/local/lib/sysusers.d/iptund.conf",
        "644 usr/local/lib/tmpfiles.d/iptund.conf",
        "644 usr/local/share/bash-completion/completions/iptund",
        "644 usr/local/share/fish/vendor_completions.d/iptund.fish",
        "644 usr/local/share/man/man5/iptund.conf.5",
        "644 usr/local/share/man/man8/iptund-exporter.8",
        "644 usr/local/share/man/man8/iptund.8",
        "644 usr/local/share/zsh/site-functions/_iptund",
        "755 etc/iptund/",
        "755 usr/local/sbin/iptund",
        "755 usr/local/sbin/iptund-exporter",
    ]

    /// Runs a script with make in it, as somebody whose files others cannot read.
    @discardableResult
    private func shell(_ script: String, _ arguments: String...) throws -> String {
        let words = [
            "env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "-u", "PREFIX", "bash", "-ec", "umask 077; " + script,
        ]
        let ending = try ChildProcess.run(words + ["bash"] + arguments)
        #expect(ending.status == 0, "\(ending.text)")
        return ending.text
    }

    @discardableResult
    private func make(_ target: String, _ destination: String, _ variables: String...) throws -> String {
        let settings = ["DESTDIR=\(destination)", "PROGRAM=\(Repository.program)"] + variables
        let words = settings.map { "'\($0)'" }.joined(separator: " ")
        return try shell("make --no-print-directory -C '\(Repository.path)' \(target) \(words)")
    }

    /// Mode and path of all files, and of all directories whose name is ours.
    private func list(_ directory: String) throws -> [String] {
        let script = #"find "$1" -type f -printf '%m %P\n' -o -type d -name iptund -printf '%m %P/\n'"#
        return try shell(script, directory).split(separator: "\n").map(String.init).sorted()
    }

    @Test func `what was installed is all there, readable by everybody, and all gone afterwards`() throws {
        try withTemporaryDirectory { directory in
            #expect(try make("install", directory) == "")
            #expect(try list(directory) == InstallTests.installed)
            #expect(try shell(#"find "$1" -mindepth 1 -type d ! -perm 755"#, directory) == "")
            #expect(try make("uninstall", directory) == "")
            let left = try list(directory)
            #expect(left.isEmpty)
        }
    }

    @Test func `to install twice is to install once`() throws {
        let contents = #"cd "$1"; find . -type f -exec sha256sum {} + | sort"#
        try withTemporaryDirectory { directory in
            try make("install", directory)
            let first = try shell(contents, directory)
            try make("install", directory)
            #expect(try shell(contents, directory) == first)
            #expect(try list(directory) == InstallTests.installed)
        }
    }

    @Test func `files of the administrator stay`() throws {
        try withTemporaryDirectory { directory in
            try make("install", directory)
            try Files.write([], to: "\(directory)/etc/iptund/b.conf")
            #expect(try make("uninstall", directory) == "\(directory)/etc/iptund is not empty, and stays.\n")
            #expect(try list(directory).map { "\($0.dropFirst(4))" }.sorted() == ["etc/iptund/", "etc/iptund/b.conf"])
        }
    }

    @Test func `every directory can be chosen, and the unit starts the program where it is`() throws {
        try withTemporaryDirectory { directory in
            try make("install", directory, "prefix=/opt/i", "sbindir=/opt/bin", "mandir=/m", "systemdunitdir=/u")
            let files = try list(directory)
            #expect(files.contains("755 opt/bin/iptund") && files.contains("644 m/man8/iptund.8"))
            #expect(files.contains("644 opt/i/lib/sysusers.d/iptund.conf"))
            #expect(!files.contains { $0.contains("usr/local") })
            let unit = try Files.read("\(directory)/u/iptund@.service")
            #expect(unit.contains("ExecStart=/opt/bin/iptund up ") && !unit.contains("/usr/sbin"))
        }
    }

    @Test func `bash completes verbs and flags`() throws {
        let script = #"""
            source "$1/usr/local/share/bash-completion/completions/iptund"
            complete -p iptund
            COMP_WORDS=(iptund sta) COMP_CWORD=1 COMP_LINE='iptund sta' COMP_POINT=10
            _iptund iptund sta iptund
            echo "${COMPREPLY[@]}"
            COMPREPLY=() COMP_WORDS=(iptund up --pe) COMP_CWORD=2 COMP_LINE='iptund up --pe' COMP_POINT=14
            _iptund iptund --pe up
            echo "${COMPREPLY[@]}"
            """#
        try withTemporaryDirectory { directory in
            try make("install", directory)
            #expect(
                try shell(script, directory) == "complete -o filenames -F _iptund iptund\nstatus\n--peer --peer-name\n")
        }
    }

    @Test func `shells that are here understand what they are to read`() throws {
        let script = #"""
            cd "$1/usr/local/share"
            bash -n bash-completion/completions/iptund
            if command -v zsh >/dev/null; then zsh -n zsh/site-functions/_iptund; fi
            if command -v fish >/dev/null; then fish --no-execute fish/vendor_completions.d/iptund.fish; fi
            head -qn 1 zsh/site-functions/_iptund
            """#
        try withTemporaryDirectory { directory in
            try make("install", directory)
            #expect(try shell(script, directory) == "#compdef iptund\n")
        }
    }

    @Test func `the Debian package has the program's version`() throws {
        let first = try #require(try Repository.lines(of: "debian/changelog").first)
        #expect(first.hasPrefix("iptund (\(Program.version)-0upstream"))
    }
}
