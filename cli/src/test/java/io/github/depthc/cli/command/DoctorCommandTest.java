// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.cli.CommandLineHarness.Outcome;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DoctorCommandTest {
    @Test
    void saysWhatIsThere() throws IOException {
        Outcome o = run("doctor", "--json");
        JsonNode found = new ObjectMapper().readTree(o.out());
        assertEquals(o.code() == 0, found.get("fit").booleanValue());
        for (String key : List.of("jdk", "cores", "memory", "disk", "onnxruntime", "gpu", "driver", "tensorrt")) {
            assertTrue(List.of("ok", "absent", "problem").contains(found.at("/" + key + "/state").textValue()), key);
        }
        assertEquals("ok", found.at("/jdk/state").textValue());
        assertEquals("ok", found.at("/onnxruntime/state").textValue(), o.out());
    }

    @Test
    void isAFewLines() {
        assertTrue(run("doctor").out().lines().count() <= 12);
    }
}
