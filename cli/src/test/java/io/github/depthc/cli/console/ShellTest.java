// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

final class ShellTest {
    @Test
    void wordsAreQuotedWhereTheyMustBe() {
        assertEquals("./depthc run 'my models/a' '' 'it'\\''s' --candidates=1:3", Shell.join(List.of("./depthc", "run", "my models/a", "", "it's",
                "--candidates=1:3")));
    }
}
