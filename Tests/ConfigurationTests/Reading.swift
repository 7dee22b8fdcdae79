// SPDX-License-Identifier: Apache-2.0

@testable import Configuration

/// What a file of this text means, read as `f`.
func interpret(_ text: String) -> Interpretation { Interpretation(ConfigurationText.read(Array(text.utf8), file: "f")) }

/// The settings of a file that must be fine.
func settings(_ text: String) throws(Complaint) -> TunnelSettings { try interpret(text).checked() }

/// What is wrong with a file, as `check` prints it.
func mistakes(_ text: String) -> [String] { interpret(text).mistakes.map { "\($0.complaint)" } }
