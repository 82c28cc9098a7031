// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Properties;

/** The scripts that a page has in it: Chart.js with its licence, and the one that draws the page's charts with it. */
final class Scripts {
    private static final String ARTIFACT = "org.webjars.npm/chart.js";
    private static final JsonMapper JSON = JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

    private Scripts() {
    }

    /** Their texts, in the order in which they run. */
    static List<String> texts() {
        return List.of(library(), read("/io/github/depthc/cli/report/report.js"));
    }

    /** The elements, as they stand at the end of a page. */
    static String elements(List<String> texts, ObjectNode data) {
        var out = new StringBuilder("<script type=\"application/json\" id=\"data\">").append(json(data)).append("</script>\n");
        texts.forEach(t -> out.append("<script>").append(t).append("</script>\n"));
        return out.toString();
    }

    /** What the page's policy says about scripts: these, and no others. */
    static String policy(List<String> texts) {
        var out = new StringBuilder("script-src");
        texts.forEach(t -> out.append(" 'sha256-").append(hash(t)).append('\''));
        return out.toString();
    }

    /** JSON that no text in it can end the element of. */
    private static String json(ObjectNode data) {
        try {
            return JSON.writeValueAsString(data).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String library() {
        String version = version();
        String folder = "/META-INF/resources/webjars/chart.js/" + version + "/";
        // the map is not in the page
        String script = read(folder + "dist/chart.umd.min.js").replaceAll("(?m)^//# sourceMappingURL=.*$", "").strip();
        return "/*\nChart.js " + version + "\n\n" + read(folder + "LICENSE.md").strip() + "\n*/\n" + script + "\n";
    }

    private static String version() {
        var properties = new Properties();
        try (InputStream in = open("/META-INF/maven/" + ARTIFACT + "/pom.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }

    private static String read(String resource) {
        try (InputStream in = open(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream open(String resource) {
        InputStream in = Scripts.class.getResourceAsStream(resource);
        if (in == null) {
            throw new IllegalStateException(resource + " is missing from the class path");
        }
        return in;
    }

    private static String hash(String script) {
        try {
            return Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256").digest(script.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
