// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TextOutputTest {
    @Test
    void withoutATokenizerIdsAreTheText() {
        var pieces = new ArrayList<String>();
        var output = new TextOutput(null, pieces::add);
        output.token(403);
        output.token(7);
        assertEquals(List.of("403", ",7"), pieces);
        assertEquals("403,7", output.finish());
    }
}
