// SPDX-License-Identifier: Apache-2.0

internal import Comparison
internal import Foundation

/// Results on disk.
enum SavedResults {
    /// - Throws: wrong usage: whoever named the file can name another.
    static func read(_ path: String) throws(Complaint) -> Results {
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            let why = FileManager.default.fileExists(atPath: path) ? "cannot be read as text" : "does not exist"
            throw .usage(path, why: why, whatNow: "name a file that 'compare run' wrote")
        }
        return try ResultsFile.results(in: text, name: path)
    }
}

/// Where new results go; made before anything is measured, so that no result is lost for want of a place.
struct OutputDirectory {
    private let path: String

    init(_ path: String) throws(Complaint) {
        self.path = path
        do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
            throw .usage("--output \(path)", why: "cannot be made a directory", whatNow: "name another")
        }
        guard FileManager.default.isWritableFile(atPath: path) else {
            throw .usage("--output \(path)", why: "cannot be written to", whatNow: "name another")
        }
    }

    /// Writes the data and the picture, named after the time.
    /// - Returns: the files' paths.
    func save(_ results: Results) throws -> [String] {
        let name = results.date.filter { $0 != ":" }
        let contents = [("json", try ResultsFile.text(of: results)), ("svg", BarChart(results).svg)]
        return try contents.map { suffix, text in
            let file = "\(path)/\(name).\(suffix)"
            do { try text.write(toFile: file, atomically: true, encoding: .utf8) } catch {
                throw Complaint(file, why: "cannot be written", whatNow: "is the disk full?")
            }
            return file
        }
    }
}
