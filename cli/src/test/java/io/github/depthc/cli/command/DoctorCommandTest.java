// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.cli.CommandLineHarness.Outcome;
import io.github.depthc.cli.Main;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DoctorCommandTest {
    @Test
    void saysWhatIsThere() throws IOException {
        Outcome o = run("doctor", "--json");
        JsonNode found = new ObjectMapper().readTree(o.out());
        assertEquals(o.code() == 0, found.get("fit").booleanValue());
        for (String key : List.of("jdk", "cores", "memory", "disk", "onnxruntime", "gpu", "driver", "nvrtc", "tensorrt", "gpu_engines")) {
            assertTrue(List.of("ok", "absent", "problem").contains(found.at("/" + key + "/state").textValue()), key);
        }
        assertEquals("ok", found.at("/jdk/state").textValue());
        assertEquals("ok", found.at("/onnxruntime/state").textValue(), o.out());
    }

    /** Whether convert finds its compiler of kernels is what doctor says of it. */
    @Test
    void saysWhereNvrtcIs() throws IOException {
        JsonNode nvrtc = new ObjectMapper().readTree(run("doctor", "--json").out()).get("nvrtc");
        assertTrue(nvrtc.get("found").textValue().contains("libnvrtc.so.13"), nvrtc.toString());
        assertTrue(nvrtc.get("state").textValue().equals("ok") || nvrtc.get("found").textValue().contains("tools/gpu-libraries"), nvrtc.toString());
    }

    /** In a process of its own: a process unpacks the libraries once. */
    @Test
    void whatIsMissingIsShown() throws Exception {
        Path nowhere = Path.of("nowhere").toAbsolutePath();
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + nowhere, "-cp", System.getProperty("java.class.path"), Main.class.getName(), "doctor")
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(1, process.waitFor(), out);
        assertTrue(out.contains("!   ONNX Runtime  cannot unpack ONNX Runtime's libraries (30 MB) into the folder for temporary files, " + nowhere + ": "), out);
        assertTrue(out.contains("Something needed is missing: see the lines marked '!'."), out);
    }

    @Test
    void isAFewLines() {
        assertTrue(run("doctor").out().lines().count() <= 13);
    }
}
