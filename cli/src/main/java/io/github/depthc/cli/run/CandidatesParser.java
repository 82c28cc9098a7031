// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.TokenRange;
import io.github.depthc.ir.InputException;
import java.util.ArrayList;

/** Reads candidates: {@code A:B}, several of them joined by commas, or {@code none}. */
public final class CandidatesParser {
    private CandidatesParser() {
    }

    /** What the text means; null is the bundle's own rule. Whether it fits the prompt shows later. */
    public static CandidateTokens parse(String text) {
        if (text == null) {
            return CandidateTokens.DEFAULT;
        }
        if (text.strip().equals("none")) {
            return CandidateTokens.NONE;
        }
        var ranges = new ArrayList<TokenRange>();
        for (String part : text.split(",", -1)) {
            String p = part.strip();
            if (!p.matches("[0-9]{1,9}:[0-9]{1,9}")) {
                throw new InputException("--candidates " + text + ": \"" + p + "\" is not a range; expected A:B, prompt positions from A to before B "
                        + "counted from 0, or none");
            }
            int colon = p.indexOf(':');
            ranges.add(new TokenRange(Integer.parseInt(p.substring(0, colon)), Integer.parseInt(p.substring(colon + 1))));
        }
        return new CandidateTokens.Ranges(ranges);
    }
}
