// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing

/// What the architecture promises about the sources, and no compiler checks.
@Suite struct FenceTests {
    @Test(arguments: [
        ("Wire", ["Synchronization"]), ("Tunnel", ["Synchronization", "Wire"]), ("Configuration", ["Tunnel", "Wire"]),
        ("Diagnosis", ["Tunnel", "Wire"]),
    ])
    func `bytes, rules and settings know no operating system`(module: String, allowed: [String]) throws {
        for file in try FenceTests.sources(of: module) {
            for line in file.codeLines {
                let words = line.split(separator: " ")
                guard let place = words.firstIndex(of: "import"), words[..<place].allSatisfy(isImportModifier),
                    let imported = words.dropFirst(place + 1).first
                else { continue }
                #expect(allowed.contains(String(imported)), "\(file.name): \(line)")
            }
        }
    }

    @Test func `only seven files of Wire and Tunnel are unsafe`() throws {
        let fenced = [
            "AtomicCells.swift", "ByteOrder.swift", "Checksum.swift", "Handover.swift", "PacketBatch.swift",
            "PacketSlot.swift", "RecordRing.swift",
        ]
        let sources = try FenceTests.sources(of: "Wire") + FenceTests.sources(of: "Tunnel")
        let found = sources.filter { file in file.codeLines.contains { hasWord("unsafe", in: $0) } }
        #expect(found.map(\.name).sorted() == fenced)
    }

    @Test func `nothing in the program is unsafe`() throws {
        for file in try FenceTests.sources(of: "iptund") + FenceTests.sources(of: "Configuration")
            + FenceTests.sources(of: "Diagnosis")
        {
            #expect(!file.codeLines.contains { hasWord("unsafe", in: $0) }, "\(file.name)")
        }
    }

    @Test func `HTTP is the exporter's alone, and nothing in it is unsafe`() throws {
        for file in try FenceTests.sources(of: "") {
            let isExporter = file.name.hasPrefix("Exporter/")
            for line in file.codeLines where line.contains("import ") {
                #expect(isExporter || !line.contains(" Flying"), "\(file.name): \(line)")
            }
            if isExporter { #expect(!file.codeLines.contains { hasWord("unsafe", in: $0) }, "\(file.name)") }
        }
        let manifest = packageFolder.appending(path: "Package.swift").path
        let text = String(decoding: try #require(FileManager.default.contents(atPath: manifest)), as: UTF8.self)
        let targets = text.split(separator: "arget(").filter { $0.contains("Flying") && $0.contains("name: ") }
        #expect(targets.count == 2)  // the list of packages, and one target
        #expect(targets.last?.contains(#"name: "iptund-exporter""#) == true)
    }

    @Test func `no source file is longer than 400 lines`() throws {
        let sources = try FenceTests.sources(of: "")
        #expect(sources.count > 20)
        for file in sources { #expect(file.lines.count <= 400, "\(file.name)") }
    }

    @Test func `the fence sees what it should see`() {
        let lines = SourceFile(name: "x.swift", text: "let a = unsafe b // c\n/// unsafe\nimport Glibc").codeLines
        #expect(lines == ["let a = unsafe b ", "", "import Glibc"])
        #expect(hasWord("unsafe", in: "@unsafe init()"))
        #expect(hasWord("unsafe", in: "(unsafe x)"))
        #expect(!hasWord("unsafe", in: "x.unsafeLoad()"))
        #expect(!hasWord("unsafe", in: "_unsafeStart: "))
    }

    private func isImportModifier(_ word: Substring) -> Bool {
        word.hasPrefix("@") || ["public", "package", "internal", "fileprivate", "private"].contains(word)
    }

    private func hasWord(_ word: String, in line: Substring) -> Bool {
        line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.contains { $0 == word }
    }

    /// The Swift and C files below Sources, or of one module.
    private static func sources(of module: String) throws -> [SourceFile] {
        let folder = packageFolder.appending(path: "Sources").appending(path: module).path
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
        let sources = names.filter { name in [".swift", ".c", ".h"].contains { name.hasSuffix($0) } }
        try #require(!sources.isEmpty)
        return try sources.map { name in
            let data = try #require(FileManager.default.contents(atPath: "\(folder)/\(name)"), "\(name)")
            return SourceFile(name: name, text: String(decoding: data, as: UTF8.self))
        }
    }
}

private struct SourceFile {
    let name: String
    let text: String

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The lines without what follows two slashes.
    ///
    /// No string in these modules holds two slashes.
    var codeLines: [Substring] {
        lines.map { line in
            var previous: Character?
            for (index, character) in zip(line.indices, line) {
                if character == "/", previous == "/" { return line[..<line.index(before: index)] }
                previous = character
            }
            return line
        }
    }
}
