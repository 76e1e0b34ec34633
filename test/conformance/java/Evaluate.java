import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.openfeature.contrib.providers.flagd.Config;
import dev.openfeature.contrib.providers.flagd.FlagdOptions;
import dev.openfeature.contrib.providers.flagd.FlagdProvider;
import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.ImmutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.Value;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The variants that flagd's Java provider computes: a job as JSON on standard input, the answer as JSON on standard
 * output (see test/fixtures/foreign.ts).
 */
public final class Evaluate {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The one-liner of docs/flags.md. */
    static String asciiKey(String key) {
        return Pattern.compile("[^\\x00-\\x7F]+").matcher(key)
                .replaceAll(beyond -> URLEncoder.encode(beyond.group(), StandardCharsets.UTF_8));
    }

    public static void main(String[] args) throws Exception {
        JsonNode job = JSON.readTree(System.in);
        Set<String> encode = new TreeSet<>();
        job.get("encode").forEach(name -> encode.add(name.asText()));
        List<ImmutableContext> contexts = new ArrayList<>();
        job.get("contexts").forEach(attributes -> contexts.add(context(attributes, encode)));
        List<List<String>> answers = new ArrayList<>();
        for (JsonNode document : job.get("documents")) {
            answers.add(evaluate(document.asText(), job.get("flag").asText(), contexts));
        }
        JSON.writeValue(System.out, answers);
        System.exit(0);
    }

    private static ImmutableContext context(JsonNode attributes, Set<String> encode) {
        Map<String, Value> values = new HashMap<>();
        attributes.fields().forEachRemaining(entry -> {
            JsonNode value = entry.getValue();
            String name = entry.getKey();
            if (value.isNumber()) {
                values.put(name, value.isInt() ? new Value(value.asInt()) : new Value(value.asDouble()));
            } else {
                values.put(name, new Value(encode.contains(name) ? asciiKey(value.asText()) : value.asText()));
            }
        });
        return new ImmutableContext(values);
    }

    private static List<String> evaluate(String document, String flag, List<ImmutableContext> contexts)
            throws Exception {
        Path file = Files.createTempFile("tidegate", ".json");
        try {
            Files.writeString(file, document);
            FlagdOptions options = FlagdOptions.builder()
                    .resolverType(Config.Resolver.FILE)
                    .offlineFlagSourcePath(file.toString())
                    // How long it may take to begin: a busy machine is no failure.
                    .deadline(30_000)
                    .build();
            OpenFeatureAPI.getInstance().setProviderAndWait(new FlagdProvider(options));
            Client client = OpenFeatureAPI.getInstance().getClient();
            List<String> variants = new ArrayList<>();
            for (ImmutableContext context : contexts) {
                String variant = client.getBooleanDetails(flag, false, context).getVariant();
                variants.add(variant == null ? "" : variant);
            }
            return variants;
        } finally {
            Files.delete(file);
        }
    }
}
